/**
 * JSON Patch, written while editing: a {@link io.podveil.injector.patch.Draft} is a copy of a
 * document that notes each edit made to it. Documents are raw JSON trees, so what no model knows
 * survives.
 */
@NullMarked
package io.podveil.injector.patch;

import org.jspecify.annotations.NullMarked;

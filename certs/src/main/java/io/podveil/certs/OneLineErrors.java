package io.podveil.certs;

import io.fabric8.kubernetes.client.KubernetesClientException;
import io.podveil.certs.signer.SignerException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** What a person sees when a command fails: one line, without a stack trace. */
final class OneLineErrors {
  private OneLineErrors() {}

  static int usage(ParameterException problem, String[] args) {
    CommandLine command = problem.getCommandLine();
    print(command, problem.getMessage() + "; see " + name(command) + " --help");
    return CommandLine.ExitCode.USAGE;
  }

  static int failure(Exception problem, CommandLine command, ParseResult parsed) {
    print(command, describe(problem));
    return CommandLine.ExitCode.SOFTWARE;
  }

  private static String describe(Exception problem) {
    return switch (problem) {
      case SignerException e -> text(e);
      case AccessDeniedException e -> e.getFile() + ": permission denied";
      case NoSuchFileException e -> e.getFile() + ": no such file or directory";
      case FileAlreadyExistsException e -> e.getFile() + " exists already";
      case FileSystemException e when e.getReason() != null -> e.getFile() + ": " + e.getReason();
      case IOException e -> text(e);
      case KubernetesClientException e -> "the Kubernetes API: " + text(e);
      default -> "internal error, please report it: " + problem;
    };
  }

  private static String text(Exception problem) {
    return String.valueOf(problem.getMessage());
  }

  private static void print(CommandLine command, String message) {
    // What was given is quoted, and must not be able to write lines of its own.
    command.getErr().println(name(command) + ": " + message.replaceAll("\\p{Cntrl}+", " ").strip());
    command.getErr().flush();
  }

  private static String name(CommandLine command) {
    return command.getCommandSpec().qualifiedName();
  }
}

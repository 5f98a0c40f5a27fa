// kvspec: the specification at the command line.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "model/oracle/command.hpp"
#include "model/oracle/model_engine.hpp"
#include "spec/version.hpp"

namespace {

int run(int argc, char** argv) {
  using namespace kvspec::oracle;
  CLI::App command("The KV-cache block manager of an LLM server: its specification, replayed and held against others.",
                   "kvspec");
  command.set_version_flag("--version", fmt::format("kvspec {}", kvspec::version_string));
  command.require_subcommand(1);

  Registry registry;
  registry.add({"model", model_engine()});
  registry.add(add_replay);
  registry.add(add_serve);
  registry.add(add_clauses);
  register_linked(registry);

  int exit_code = exit_equal;
  for (const AddSubcommand& add : registry.subcommands()) add(command, registry, exit_code);
  try {
    command.parse(argc, argv);
  } catch (const CLI::Success& shown) {  // --help, --version
    return command.exit(shown);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "kvspec: {}\n", error.what());
    const CLI::App* asked = command.get_subcommands().empty() ? &command : command.get_subcommands().front();
    const std::string name = asked == &command ? "kvspec" : "kvspec " + asked->get_name();
    fmt::print(stderr, "usage: see {} --help\n", name);
    return exit_bad_input;
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    fmt::print(stderr, "kvspec: the output could not be written\n");
    return exit_bad_input;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {  // out of memory, a closed pipe: nothing of the specification's
    std::fprintf(stderr, "kvspec: %s\n", error.what());
    return kvspec::oracle::exit_bad_input;
  }
}

// The `kvspec` command: a name for each engine and each subcommand, and what they share.
//
// Exit codes: 0 nothing differs, 1 something differs, 2 the input or the options make no sense.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/oracle/engine.hpp"
#include "spec/config.hpp"

namespace CLI {
class App;
}

namespace kvspec::oracle {

inline constexpr int exit_equal = 0;
inline constexpr int exit_different = 1;
inline constexpr int exit_bad_input = 2;

class Registry;

// Adds a subcommand to the command line. Its callback sets the exit code.
using AddSubcommand = std::function<void(CLI::App& command, const Registry& registry, int& exit_code)>;

class Registry {
 public:
  void add(NamedEngine engine) { engines_.push_back(std::move(engine)); }
  void add(AddSubcommand subcommand) { subcommands_.push_back(std::move(subcommand)); }

  const std::vector<NamedEngine>& engines() const { return engines_; }
  const std::vector<AddSubcommand>& subcommands() const { return subcommands_; }
  // Null if there is none of that name.
  const NamedEngine* find(std::string_view name) const {
    for (const NamedEngine& engine : engines_) {
      if (engine.name == name) return &engine;
    }
    return nullptr;
  }

 private:
  std::vector<NamedEngine> engines_;
  std::vector<AddSubcommand> subcommands_;
};

// Whatever is linked into this command beside the model. Defined outside of model/, which names no implementation.
void register_linked(Registry& registry);

// Adds the option --semantics, which sets `semantics` and leaves it alone when it is not given; `without` says what
// that means. `semantics` outlives the parsing.
void add_semantics(CLI::App& command, std::optional<Semantics>& semantics, const std::string& without);

void add_replay(CLI::App& command, const Registry& registry, int& exit_code);
void add_serve(CLI::App& command, const Registry& registry, int& exit_code);
void add_clauses(CLI::App& command, const Registry& registry, int& exit_code);

}  // namespace kvspec::oracle

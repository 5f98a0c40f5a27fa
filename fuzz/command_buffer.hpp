// One command of every type, kept so that a generator can fill the same memory again and again.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>

#include "spec/commands.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

class CommandBuffer {
 public:
  CommandBuffer() { emplace_all(std::make_index_sequence<size>{}); }

  // A value-initialised command of type C, to be filled; it becomes the current one.
  template <class C>
  C& fresh() {
    current_ = index_of<C>();
    C& command = std::get<C>(commands_[current_]);
    if constexpr (requires { command.tokens; }) {
      auto tokens = std::move(command.tokens);
      tokens.clear();
      command = C{};
      command.tokens = std::move(tokens);
    } else if constexpr (requires { command.block_ids; }) {
      auto ids = std::move(command.block_ids);
      ids.clear();
      command = C{};
      command.block_ids = std::move(ids);
    } else {
      command = C{};
    }
    return command;
  }

  const Command<Growing>& current() const { return commands_[current_]; }

  template <class C>
  static constexpr std::size_t index_of() {
    return index_of<C>(std::make_index_sequence<size>{});
  }

 private:
  static constexpr std::size_t size = std::variant_size_v<Command<Growing>>;

  template <class C, std::size_t... I>
  static constexpr std::size_t index_of(std::index_sequence<I...>) {
    std::size_t found = size;
    ((std::is_same_v<C, std::variant_alternative_t<I, Command<Growing>>> ? void(found = I) : void()), ...);
    return found;
  }
  template <std::size_t... I>
  void emplace_all(std::index_sequence<I...>) {
    (commands_[I].template emplace<I>(), ...);
  }

  std::array<Command<Growing>, size> commands_{};
  std::size_t current_ = 0;
};

}  // namespace kvspec::fuzz

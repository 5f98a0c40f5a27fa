// The walk behind print.hpp, for the sources that print parts of values too (diff.cpp). It is heavy to compile; users
// include print.hpp.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/dump.hpp"
#include "spec/events.hpp"
#include "spec/reflect.hpp"
#include "spec/result.hpp"
#include "spec/trace/names.hpp"
#include "spec/trace/text.hpp"

namespace kvspec {

class ValuePrinter {
 public:
  // What to do with members that are zero, false, empty or absent.
  enum class Plain { left_out, shown };

  explicit ValuePrinter(Plain plain) : plain_(plain) {}

  std::string out;

  // a=1, b=2
  template <Reflected T>
  void members(const T& value) {
    bool first = true;
    for_each_member(value, [&](std::string_view name, const auto& member) {
      if (plain_ == Plain::left_out && is_plain(member)) return;
      if (!first) out += ", ";
      first = false;
      out += name;
      out += '=';
      write(member);
    });
  }
  // name(a=1, b=2), or the name alone if there is nothing to say
  template <Reflected T>
  void call(std::string_view name, const T& value) {
    out += name;
    out += '(';
    members(value);
    out += ')';
  }

  template <Reflected T>
  void write(const T& value) {
    call("", value);
  }
  void write(const Done&) { out += "done"; }
  template <class... T>
  void write(const std::variant<T...>& value) {
    std::visit([&](const auto& alternative) { write(alternative); }, value);
  }
  void write(const Event<Growing>& event) {
    std::visit([&]<class T>(const T& value) { call(T::type, value); }, event);
  }

  void write(bool value) { out += value ? "true" : "false"; }
  template <std::integral T>
  void write(T value) {
    out += std::to_string(value);
  }
  template <std::floating_point T>
  void write(T value) {
    char digits[64];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
  template <NamedEnum E>
  void write(E value) {
    out += name_of(value);
  }
  void write(const std::string& value) { out += quote(value, max_text_bytes); }
  void write(const Informative& value) { write(value.value); }
  void write(const Digest& digest) { hex(digest.view()); }
  void write(const BlockHash<Growing>& hash) { hex(hash); }
  void write(const BlockKey<Growing>& key) {
    hex(key.hash);
    out += " of group " + std::to_string(key.group);
  }
  void write(const EventHash<Growing>& hash) {
    if (hash.is_integer) {
      write(hash.integer);
    } else {
      hex(hash.bytes);
    }
  }
  void write(const ExtraKey<Growing>& key) {
    switch (key.kind) {
      case ExtraKeyKind::text:
        return write(key.text);
      case ExtraKeyKind::digest:
        return write(key.digest);
      case ExtraKeyKind::item:
        out += '(';
        write(key.text);
        out += ", " + std::to_string(key.offset) + ')';
    }
  }
  void write(const PromptEmbeds<Growing>& embeds) {
    const std::size_t rows = embeds.width == 0 ? 0 : embeds.values.size() / embeds.width;
    out += std::to_string(rows) + 'x' + std::to_string(embeds.width);
    list(embeds.values);
  }
  template <class T>
  void write(const OfBlock<T>& entry) {
    out += std::to_string(entry.block) + ": ";
    write(entry.value);
  }
  template <class T>
  void write(const OfRequest<Growing, T>& entry) {
    write(entry.req);
    out += ": ";
    write(entry.value);
  }
  void write(const Duplicates<Growing>& entry) {
    write(entry.key);
    out += ": ";
    write(entry.blocks);
  }
  template <class T>
  void write(const std::optional<T>& value) {
    if (value) {
      write(*value);
    } else {
      out += "none";
    }
  }
  template <class T>
  void write(const std::vector<T>& values) {
    list(values);
  }

 private:
  static constexpr std::size_t max_elements = 32;
  static constexpr std::size_t max_text_bytes = 120;

  template <class T>
  static bool is_plain(const T& value) {
    if constexpr (is_optional<T>) {
      return !value;
    } else if constexpr (requires { value.empty(); }) {
      return value.empty();
    } else if constexpr (std::is_arithmetic_v<T> || std::same_as<T, PassedHit>) {
      return value == T{};
    } else {
      return false;
    }
  }
  void hex(std::span<const std::uint8_t> bytes) {
    out += "0x";
    append_hex(out, bytes);
  }
  template <class T>
  void list(const std::vector<T>& values) {
    out += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i != 0) out += ", ";
      if (i == max_elements) {
        out += "... " + std::to_string(values.size()) + " in all";
        break;
      }
      write(values[i]);
    }
    out += ']';
  }

  Plain plain_;
};

// Any value, every member shown.
template <class T>
std::string value_text(const T& value) {
  ValuePrinter printer(ValuePrinter::Plain::shown);
  printer.write(value);
  return std::move(printer.out);
}

}  // namespace kvspec

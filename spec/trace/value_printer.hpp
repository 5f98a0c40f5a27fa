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
    static constexpr auto all = writers<T>();
    write_members(&value, all);
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
  void write(const Event<Growing>& event);

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
  void write(const std::string& value);
  void write(const Informative& value);
  void write(const Digest& digest);
  void write(const BlockHash<Growing>& hash);
  void write(const BlockKey<Growing>& key);
  void write(const EventHash<Growing>& hash);
  void write(const ExtraKey<Growing>& key);
  void write(const PromptEmbeds<Growing>& embeds);
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
  void write(const Duplicates<Growing>& entry);
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
  // How a member of an object is written.
  struct MemberWriter {
    std::string_view name;
    bool (*is_plain)(const void* object);
    void (*write)(ValuePrinter& printer, const void* object);
  };
  template <Reflected T>
  static constexpr auto writers() {
    return member_table<MemberWriter, T>([]<class Member>(std::string_view name, Member) {
      return MemberWriter{
          name, [](const void* object) { return is_plain(Member{}(*static_cast<const T*>(object))); },
          [](ValuePrinter& printer, const void* object) { printer.write(Member{}(*static_cast<const T*>(object))); }};
    });
  }
  void write_members(const void* object, std::span<const MemberWriter> members);

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
  void hex(std::span<const std::uint8_t> bytes);
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

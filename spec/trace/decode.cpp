// Reading JSON into the structs. One overload per type whose JSON form is special; every struct goes through the same
// loop over its members. The first error wins: later reads still run to their end, but change nothing about it.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <limits>
#include <string>
#include <utility>

#include "spec/reflect.hpp"
#include "spec/trace/json.hpp"
#include "spec/trace/json_value.hpp"
#include "spec/trace/names.hpp"
#include "spec/trace/path.hpp"
#include "spec/trace/text.hpp"

namespace kvspec {
namespace {

using nlohmann::json;

template <class T>
std::string range_text() {
  return std::to_string(std::numeric_limits<T>::min()) + " .. " + std::to_string(std::numeric_limits<T>::max());
}

// The names of an enum or the tags of a variant, for a message.
template <class Names>
std::string alternatives(const Names& names) {
  std::string out;
  for (const std::string_view name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

class Decoder {
 public:
  explicit Decoder(std::string_view root) : path_(std::string(root)) {}

  template <class T>
  Decoded<T> result(T value) {
    if (error_) return *error_;
    return value;
  }
  bool failed() const { return error_.has_value(); }
  // Precondition: failed().
  const TraceError& error() const { return *error_; }

  // Reads the members of a struct. tag is a member that the object has beside them ("op", "type"), or empty.
  template <Reflected T>
  void members(const json& value, T& out, std::string_view tag = {}) {
    if (!is_object(value)) return;
    std::size_t known = tag.empty() ? 0 : value.count(tag);
    for_each_member(out, [&]<class M>(std::string_view name, M& member) {
      if (failed() || is_driver<T>(name)) return;
      const auto step = path_.member(name);
      const auto found = value.find(name);
      if (found != value.end()) {
        ++known;
        read(*found, member);
      } else if constexpr (!is_optional<M>) {
        fail(Clause::trace_04, "the member is missing");
      }
    });
    if (failed() || known == value.size()) return;
    for (const auto& [name, unused] : value.items()) {
      if (name == tag || has_member<T>(name)) continue;
      if constexpr (std::same_as<T, Config<Growing>>) {
        keep_driver_members(value, out);
      } else {
        fail(Clause::trace_04, "there is no member " + quote(name) + " here");
      }
      return;
    }
  }

  template <Reflected T>
  void read(const json& value, T& out) {
    members(value, out);
  }
  void read(const json& value, Done&) {
    if (!is_object(value)) return;
    if (!value.empty()) fail(Clause::trace_04, "there is no member " + quote(value.items().begin().key()) + " here");
  }

  // A variant whose alternatives are told apart by the member "type".
  void read(const json& value, Event<Growing>& out) {
    if (!is_object(value)) return;
    const auto type = value.find("type");
    if (type == value.end() || !type->is_string()) {
      const auto step = path_.member("type");
      return type == value.end() ? fail(Clause::trace_04, "the member is missing") : expected("a string", *type);
    }
    bool found = false;
    std::vector<std::string_view> types;
    for_each_alternative<Event<Growing>>([&]<class A>() {
      types.push_back(A::type);
      if (type->get_ref<const std::string&>() != A::type) return;
      found = true;
      members(value, out.emplace<A>(), "type");
    });
    if (found) return;
    const auto step = path_.member("type");
    fail(Clause::trace_04, describe_json(*type) + " is not one of " + alternatives(types));
  }

  void read(const json& value, bool& out) {
    if (!value.is_boolean()) return expected("true or false", value);
    out = value.get<bool>();
  }
  template <std::integral T>
  void read(const json& value, T& out) {
    if (!value.is_number_integer() && !value.is_binary()) return expected("an integer", value);
    const bool fits = value.is_number_unsigned()  ? std::in_range<T>(value.get<std::uint64_t>())
                      : value.is_number_integer() ? std::in_range<T>(value.get<std::int64_t>())
                                                  : false;
    if (!fits) return fail(Clause::trace_05, describe_json(value) + " is not within " + range_text<T>());
    out = static_cast<T>(value.get<std::int64_t>());
  }
  void read(const json& value, double& out) {
    if (value.is_binary()) return fail(Clause::trace_05, describe_json(value) + " is an integer of more than 64 bits");
    if (!value.is_number()) return expected("a number", value);
    out = value.get<double>();
  }
  // The nearest float; the recordings write every float as the double it is.
  void read(const json& value, float& out) {
    double wide = 0;
    read(value, wide);
    if (failed()) return;
    out = static_cast<float>(wide);
    if (!std::isfinite(out)) fail(Clause::trace_05, describe_json(value) + " is beyond every float32");
  }
  void read(const json& value, std::string& out) {
    if (!value.is_string()) return expected("a string", value);
    out = value.get_ref<const std::string&>();
  }
  template <NamedEnum E>
  void read(const json& value, E& out) {
    if (!value.is_string()) return expected("a string", value);
    const std::optional<E> named = enumerator_of<E>(value.get_ref<const std::string&>());
    if (!named) return fail(Clause::trace_04, describe_json(value) + " is not one of " + alternatives(enum_names<E>));
    out = *named;
  }
  void read(const json& value, Informative& out) { read(value, out.value); }

  void read(const json& value, Digest& out) {
    BlockHash<Growing> bytes;
    read(value, bytes);
    if (failed()) return;
    if (bytes.size() > out.bytes.size()) return fail(Clause::trace_04, "a digest has at most 32 bytes");
    out.size = static_cast<std::uint8_t>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  }
  void read(const json& value, BlockHash<Growing>& out) {
    if (!value.is_string()) return expected("a string of hex digits", value);
    read_hex(value.get_ref<const std::string&>(), out);
  }
  // [hash, group]
  void read(const json& value, BlockKey<Growing>& out) { read_pair(value, out.hash, out.group); }
  void read(const json& value, EventHash<Growing>& out) {
    if (!value.is_string()) return expected("a string", value);
    const std::string_view text = value.get_ref<const std::string&>();
    out.is_integer = text.starts_with("i:");
    if (out.is_integer) return read_decimal(text.substr(2), out.integer);
    if (text.starts_with("b:")) return read_hex(text.substr(2), out.bytes);
    fail(Clause::trace_04, "expected \"i:\" and an integer or \"b:\" and hex digits, found " + describe_json(value));
  }
  void read(const json& value, ExtraKey<Growing>& out) {
    if (value.is_string()) {
      out.kind = ExtraKeyKind::text;
      read(value, out.text);
    } else if (value.is_array()) {
      out.kind = ExtraKeyKind::item;
      read_pair(value, out.text, out.offset);
    } else if (value.is_object() && value.size() == 1 && value.contains("b")) {
      out.kind = ExtraKeyKind::digest;
      const auto step = path_.member("b");
      read(value["b"], out.digest);
    } else {
      expected("a string, a pair of id and offset, or an object with the one member \"b\"", value);
    }
  }
  // null is the block without extra keys; an empty list would be the same thing twice. [HASH-06]
  void read(const json& value, ExtraKeys<Growing>& out) {
    out.clear();
    if (value.is_null()) return;
    if (value.is_array() && value.empty()) return expected("null or a list that is not empty", value);
    list(value, out);
  }
  // A list of rows of one width.
  void read(const json& value, PromptEmbeds<Growing>& out) {
    if (!value.is_array()) return expected("a list of rows", value);
    out = {};
    for (std::size_t row = 0; row < value.size() && !failed(); ++row) {
      const auto step = path_.element(row);
      if (!value[row].is_array() || value[row].empty()) return expected("a row of numbers", value[row]);
      if (row == 0) out.width = static_cast<Count>(value[row].size());
      if (value[row].size() != out.width) return fail(Clause::trace_04, "the rows differ in width");
      for (std::size_t column = 0; column < out.width && !failed(); ++column) {
        const auto inner = path_.element(column);
        read(value[row][column], out.values.emplace_back());
      }
    }
  }

  template <class T>
  void read(const json& value, std::optional<T>& out) {
    out.reset();
    if (!value.is_null()) read(value, out.emplace());
  }
  template <class T>
  void read(const json& value, std::vector<T>& out) {
    list(value, out);
  }
  // Sets in the dump of a state: read into canonical order.
  void read(const json& value, RequestIdList<Growing>& out) {
    list(value, out);
    std::sort(out.begin(), out.end());
  }
  void read(const json& value, BlockKeyList<Growing>& out) {
    if (!value.is_array()) return expected("a list", value);
    for (std::size_t i = 0; i < value.size() && !failed(); ++i) {
      const auto step = path_.element(i);
      std::string text;
      read(value[i], text);
      if (!failed()) read_key(text, out.emplace_back());
    }
    std::sort(out.begin(), out.end(), key_less);
  }
  template <class T>
  void read(const json& value, std::vector<OfBlock<T>>& out) {
    object(value, out, [&](const std::string& name, OfBlock<T>& entry) -> T& {
      read_decimal(name, entry.block);
      return entry.value;
    });
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.block < b.block; });
  }
  template <class T>
  void read(const json& value, std::vector<OfRequest<Growing, T>>& out) {
    object(value, out, [&](const std::string& name, OfRequest<Growing, T>& entry) -> T& {
      entry.req = name;
      return entry.value;
    });
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.req < b.req; });
  }
  void read(const json& value, DuplicatesList<Growing>& out) {
    object(value, out, [&](const std::string& name, Duplicates<Growing>& entry) -> BlockList<Growing>& {
      read_key(name, entry.key);
      return entry.blocks;
    });
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return key_less(a.key, b.key); });
  }

  void fail(Clause clause, const std::string& what) {
    if (!error_) error_ = trace_error(clause, path_.text() + ": " + what);
  }

 private:
  template <class T>
  static constexpr bool is_driver(std::string_view name) {
    return std::same_as<T, Config<Growing>> && name == "driver";
  }
  template <class T>
  static bool has_member(std::string_view name) {
    bool found = false;
    const T value{};
    for_each_member(value, [&](std::string_view member, const auto&) {
      found = found || (member == name && !is_driver<T>(member));
    });
    return found;
  }
  static bool key_less(const BlockKey<Growing>& a, const BlockKey<Growing>& b) {
    if (a.hash != b.hash) return std::ranges::lexicographical_compare(a.hash, b.hash);
    return a.group < b.group;
  }
  static bool has_wide_integer(const json& value) {
    if (!value.is_structured()) return value.is_binary();
    return std::any_of(value.begin(), value.end(), [](const json& child) { return has_wide_integer(child); });
  }

  void expected(std::string_view what, const json& found) {
    fail(Clause::trace_04, "expected " + std::string(what) + ", found " + describe_json(found));
  }
  bool is_object(const json& value) {
    if (!value.is_object()) expected("an object", value);
    return value.is_object();
  }

  // Members that the format does not know, as one object.
  void keep_driver_members(const json& value, Config<Growing>& out) {
    json driver = json::object();
    for (const auto& [name, member] : value.items()) {
      if (has_member<Config<Growing>>(name)) continue;
      const auto step = path_.member(name);
      if (has_wide_integer(member)) return fail(Clause::trace_05, "an integer of more than 64 bits");
      driver[name] = member;
    }
    out.driver = driver.dump();
  }

  template <class T>
  void list(const json& value, std::vector<T>& out) {
    out.clear();
    if (!value.is_array()) return expected("a list", value);
    out.reserve(value.size());
    for (std::size_t i = 0; i < value.size() && !failed(); ++i) {
      const auto step = path_.element(i);
      read(value[i], out.emplace_back());
    }
  }
  // entry_of(name, entry) reads the key and returns where the value goes.
  template <class T, class F>
  void object(const json& value, std::vector<T>& out, F&& entry_of) {
    out.clear();
    if (!is_object(value)) return;
    out.reserve(value.size());
    for (const auto& [name, member] : value.items()) {
      if (failed()) return;
      const auto step = path_.key(name);
      auto& place = entry_of(name, out.emplace_back());
      read(member, place);
    }
  }
  template <class First, class Second>
  void read_pair(const json& value, First& first, Second& second) {
    if (!value.is_array() || value.size() != 2) return expected("a list of two", value);
    {
      const auto step = path_.element(0);
      read(value[0], first);
    }
    const auto step = path_.element(1);
    read(value[1], second);
  }
  void read_hex(std::string_view text, BlockHash<Growing>& out) {
    if (!is_hex(text)) {
      return fail(Clause::trace_04, quote(text, 100) + " is not an even number of lower-case hex digits");
    }
    out.resize(text.size() / 2);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = hex_byte(text, i);
  }
  // A non-negative integer as text, in the one form it has: digits without leading zeros.
  template <std::unsigned_integral T>
  void read_decimal(std::string_view text, T& out) {
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
    if (!digits || (text[0] == '0' && text.size() > 1)) {
      return fail(Clause::trace_04, quote(text) + " is not a decimal integer");
    }
    if (std::from_chars(text.data(), text.data() + text.size(), out).ec != std::errc{}) {
      fail(Clause::trace_05, cut(text, 60) + " is not within " + range_text<T>());
    }
  }
  // The digits of the hash, then the group in eight digits. [HASH-11]
  void read_key(std::string_view text, BlockKey<Growing>& out) {
    constexpr std::size_t group_digits = 8;
    if (text.size() < group_digits) {
      return fail(Clause::trace_04, quote(text) + " is not the digits of a hash and of a group");
    }
    BlockHash<Growing> group;
    read_hex(text.substr(text.size() - group_digits), group);
    read_hex(text.substr(0, text.size() - group_digits), out.hash);
    out.group = 0;
    for (const std::uint8_t byte : group) out.group = out.group << 8 | byte;
  }

  Path path_;
  std::optional<TraceError> error_;
};

template <class T>
Decoded<T> read_whole(const json& value, std::string_view where) {
  Decoder decoder(where);
  Decoded<T> result{T{}};
  decoder.read(value, result.value());
  if (decoder.failed()) result = decoder.error();
  return result;
}

// Parses the text, then decodes the value.
template <class F>
auto parsed(std::string_view text, F&& decode) -> decltype(decode(json{})) {
  const Decoded<json> value = parse_json(text);
  if (!value) return value.error();
  return decode(value.value());
}

}  // namespace

Decoded<Config<Growing>> config_from_value(const json& value) { return read_whole<Config<Growing>>(value, "config"); }

Decoded<Command<Growing>> command_from_value(const json& value) {
  if (!value.is_object()) return trace_error(Clause::trace_04, "in: expected an object, found " + describe_json(value));
  const auto op = value.find("op");
  if (op == value.end()) return trace_error(Clause::trace_03, "in.op: the member is missing");
  std::optional<Decoded<Command<Growing>>> result;
  for_each_alternative<Command<Growing>>([&]<class C>() {
    if (result || !op->is_string() || op->get_ref<const std::string&>() != C::op) return;
    Decoder decoder(std::string(C::op) + ".in");
    C command{};
    decoder.members(value, command, "op");
    result = decoder.result(Command<Growing>(std::move(command)));
  });
  if (result) return std::move(*result);
  return trace_error(Clause::trace_03, "in.op: " + describe_json(*op) + " is not an operation");
}

Decoded<Observation<Growing>> observation_from_value(const json& value, const Command<Growing>& command) {
  return std::visit(
      [&]<class C>(const C&) -> Decoded<Observation<Growing>> {
        Decoder decoder(std::string(C::op) + ".out");
        typename C::Observation observation{};
        decoder.read(value, observation);
        return decoder.result(Observation<Growing>(std::move(observation)));
      },
      command);
}

Decoded<StateDump<Growing>> state_from_value(const json& value, std::string_view where) {
  return read_whole<StateDump<Growing>>(value, where);
}
Decoded<View<Growing>> view_from_value(const json& value, std::string_view where) {
  return read_whole<View<Growing>>(value, where);
}

Decoded<Config<Growing>> config_from_json(std::string_view text) {
  return parsed(text, [](const json& value) { return config_from_value(value); });
}
Decoded<Command<Growing>> command_from_json(std::string_view text) {
  return parsed(text, [](const json& value) { return command_from_value(value); });
}
Decoded<Observation<Growing>> observation_from_json(std::string_view text, const Command<Growing>& command) {
  return parsed(text, [&](const json& value) { return observation_from_value(value, command); });
}
Decoded<StateDump<Growing>> state_from_json(std::string_view text) {
  return parsed(text, [](const json& value) { return state_from_value(value, "state"); });
}
Decoded<View<Growing>> view_from_json(std::string_view text) {
  return parsed(text, [](const json& value) { return view_from_value(value, "view"); });
}

}  // namespace kvspec

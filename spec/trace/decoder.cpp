#include "spec/trace/decoder.hpp"

#include <charconv>
#include <cmath>

#include "spec/trace/json_value.hpp"
#include "spec/trace/text.hpp"

namespace kvspec {
namespace {

using nlohmann::json;

template <class T>
std::string range_text(T min, T max) {
  return std::to_string(min) + " .. " + std::to_string(max);
}

// The names of an enum or the tags of a variant, for a message.
std::string alternatives(std::span<const std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

bool key_less(const BlockKey<Growing>& a, const BlockKey<Growing>& b) {
  if (a.hash != b.hash) return std::ranges::lexicographical_compare(a.hash, b.hash);
  return a.group < b.group;
}

bool has_wide_integer(const json& value) {
  if (!value.is_structured()) return value.is_binary();
  return std::any_of(value.begin(), value.end(), [](const json& child) { return has_wide_integer(child); });
}

}  // namespace

void Decoder::fail(Clause clause, const std::string& what) {
  if (!error_) error_ = trace_error(clause, path_.text() + ": " + what);
}
void Decoder::expected(std::string_view what, const json& found) {
  fail(Clause::trace_04, "expected " + std::string(what) + ", found " + describe_json(found));
}
bool Decoder::expect_object(const json& value) {
  if (!value.is_object()) expected("an object", value);
  return value.is_object();
}
bool Decoder::expect_list(const json& value) {
  if (!value.is_array()) expected("a list", value);
  return value.is_array();
}

// ---- structs and variants ------------------------------------------------------------------------------------------

std::optional<std::string_view> Decoder::known_members(const json& value, void* object,
                                                       std::span<const MemberReader> readers, std::string_view tag) {
  if (!expect_object(value)) return {};
  std::size_t known = tag.empty() ? 0 : value.count(tag);
  for (const MemberReader& member : readers) {
    if (failed()) return {};
    const auto step = path_.member(member.name);
    const auto found = value.find(member.name);
    if (found != value.end()) {
      ++known;
      member.read(*this, *found, object);
    } else if (!member.optional) {
      fail(Clause::trace_04, "the member is missing");
    }
  }
  if (failed() || known == value.size()) return {};
  for (const auto& [name, unused] : value.get_ref<const json::object_t&>()) {
    if (name != tag && std::ranges::find(readers, name, &MemberReader::name) == readers.end()) return name;
  }
  return {};
}

void Decoder::not_a_member(std::string_view name) {
  fail(Clause::trace_04, "there is no member " + quote(name) + " here");
}

// A configuration keeps the members that the format does not know in its last member, which is none of the format's.
void Decoder::members(const json& value, Config<Growing>& out, std::string_view tag) {
  static constexpr auto all = readers<Config<Growing>>();
  static_assert(all.back().name == "driver");
  const auto known = std::span(all).first(all.size() - 1);
  if (known_members(value, &out, known, tag)) keep_driver_members(value, known, out);
}

// As one object.
void Decoder::keep_driver_members(const json& value, std::span<const MemberReader> known, Config<Growing>& out) {
  json driver = json::object();
  for (const auto& [name, member] : value.get_ref<const json::object_t&>()) {
    if (std::ranges::find(known, name, &MemberReader::name) != known.end()) continue;
    const auto step = path_.member(name);
    if (has_wide_integer(member)) return fail(Clause::trace_05, "an integer of more than 64 bits");
    driver[name] = member;
  }
  out.driver = driver.dump();
}

void Decoder::read(const json& value, Done&) {
  if (expect_object(value) && !value.empty()) not_a_member(value.items().begin().key());
}

// A variant whose alternatives are told apart by the member "type".
void Decoder::read(const json& value, Event<Growing>& out) {
  if (!expect_object(value)) return;
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

// ---- numbers, names and text ---------------------------------------------------------------------------------------

void Decoder::read(const json& value, bool& out) {
  if (!value.is_boolean()) return expected("true or false", value);
  out = value.get<bool>();
}

bool Decoder::read_integer(const json& value, std::int64_t& out, std::int64_t min, std::int64_t max) {
  if (!value.is_number_integer() && !value.is_binary()) {
    expected("an integer", value);
    return false;
  }
  out = value.is_number_integer() ? value.get<std::int64_t>() : 0;
  const bool wraps = value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
  if (value.is_binary() || wraps || out < min || out > max) {
    fail(Clause::trace_05, describe_json(value) + " is not within " + range_text(min, max));
    return false;
  }
  return true;
}
bool Decoder::read_integer(const json& value, std::uint64_t& out, std::uint64_t max) {
  if (!value.is_number_integer() && !value.is_binary()) {
    expected("an integer", value);
    return false;
  }
  out = value.is_number_integer() ? value.get<std::uint64_t>() : 0;
  const bool negative = value.is_number_integer() && !value.is_number_unsigned() && value.get<std::int64_t>() < 0;
  if (value.is_binary() || negative || out > max) {
    fail(Clause::trace_05, describe_json(value) + " is not within " + range_text(std::uint64_t{0}, max));
    return false;
  }
  return true;
}

void Decoder::read(const json& value, double& out) {
  if (value.is_binary()) return fail(Clause::trace_05, describe_json(value) + " is an integer of more than 64 bits");
  if (!value.is_number()) return expected("a number", value);
  out = value.get<double>();
}
void Decoder::read(const json& value, float& out) {
  double wide = 0;
  read(value, wide);
  if (failed()) return;
  out = static_cast<float>(wide);
  if (!std::isfinite(out)) fail(Clause::trace_05, describe_json(value) + " is beyond every float32");
}
void Decoder::read(const json& value, Informative& out) { read(value, out.value); }

void Decoder::read(const json& value, std::string& out) {
  if (!value.is_string()) return expected("a string", value);
  out = value.get_ref<const std::string&>();
}

std::optional<std::size_t> Decoder::read_name(const json& value, std::span<const std::string_view> names) {
  if (!value.is_string()) {
    expected("a string", value);
    return {};
  }
  const auto found = std::ranges::find(names, std::string_view(value.get_ref<const std::string&>()));
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  fail(Clause::trace_04, describe_json(value) + " is not one of " + alternatives(names));
  return {};
}

bool Decoder::read_decimal(std::string_view text, std::uint64_t& out, std::uint64_t max) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  if (!digits || (text[0] == '0' && text.size() > 1)) {
    fail(Clause::trace_04, quote(text) + " is not a decimal integer");
    return false;
  }
  if (std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc{} && out <= max) return true;
  fail(Clause::trace_05, cut(text, 60) + " is not within " + range_text(std::uint64_t{0}, max));
  return false;
}

// ---- hashes and keys -----------------------------------------------------------------------------------------------

void Decoder::read_hex(std::string_view text, BlockHash<Growing>& out) {
  if (!is_hex(text)) {
    return fail(Clause::trace_04, quote(text, 100) + " is not an even number of lower-case hex digits");
  }
  out.resize(text.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = hex_byte(text, i);
}
void Decoder::read_key(std::string_view text, BlockKey<Growing>& out) {
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

void Decoder::read(const json& value, BlockHash<Growing>& out) {
  if (!value.is_string()) return expected("a string of hex digits", value);
  read_hex(value.get_ref<const std::string&>(), out);
}
void Decoder::read(const json& value, Digest& out) {
  BlockHash<Growing> bytes;
  read(value, bytes);
  if (failed()) return;
  if (bytes.size() > out.bytes.size()) return fail(Clause::trace_04, "a digest has at most 32 bytes");
  out.size = static_cast<std::uint8_t>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
}
// [hash, group]
void Decoder::read(const json& value, BlockKey<Growing>& out) { read_pair(value, out.hash, out.group); }
void Decoder::read(const json& value, EventHash<Growing>& out) {
  if (!value.is_string()) return expected("a string", value);
  const std::string_view text = value.get_ref<const std::string&>();
  out.is_integer = text.starts_with("i:");
  if (out.is_integer) {
    read_decimal(text.substr(2), out.integer, UINT64_MAX);
  } else if (text.starts_with("b:")) {
    read_hex(text.substr(2), out.bytes);
  } else {
    fail(Clause::trace_04, "expected \"i:\" and an integer or \"b:\" and hex digits, found " + describe_json(value));
  }
}
void Decoder::read(const json& value, ExtraKey<Growing>& out) {
  if (value.is_string()) {
    out.kind = ExtraKeyKind::text;
    read(value, out.text);
  } else if (value.is_array() && value.size() == 2 && value[1].is_string()) {
    read_tagged(value, out);
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

// ["lora", name] or ["salt", text] [HASH-06]
void Decoder::read_tagged(const json& value, ExtraKey<Growing>& out) {
  std::string tag;
  read_pair(value, tag, out.text);
  if (failed()) return;
  if (tag != "lora" && tag != "salt") return expected("the tag \"lora\" or \"salt\"", value[0]);
  out.kind = tag == "lora" ? ExtraKeyKind::lora : ExtraKeyKind::salt;
}

// ---- lists ---------------------------------------------------------------------------------------------------------

// null is the block without extra keys; an empty list would be the same thing twice. [HASH-06]
void Decoder::read(const json& value, ExtraKeys<Growing>& out) {
  out.clear();
  if (value.is_null()) return;
  if (value.is_array() && value.empty()) return expected("null or a list that is not empty", value);
  list(value, out);
}
// A list of rows of one width.
void Decoder::read(const json& value, PromptEmbeds<Growing>& out) {
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
void Decoder::read(const json& value, RequestIdList<Growing>& out) {
  list(value, out);
  std::sort(out.begin(), out.end());
}
void Decoder::read(const json& value, BlockKeyList<Growing>& out) {
  if (!expect_list(value)) return;
  for (std::size_t i = 0; i < value.size() && !failed(); ++i) {
    const auto step = path_.element(i);
    std::string text;
    read(value[i], text);
    if (!failed()) read_key(text, out.emplace_back());
  }
  std::sort(out.begin(), out.end(), key_less);
}
void Decoder::read(const json& value, DuplicatesList<Growing>& out) {
  object(value, out);
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return key_less(a.key, b.key); });
}

}  // namespace kvspec

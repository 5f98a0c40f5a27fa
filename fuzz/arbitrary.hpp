// RapidCheck generators for every reflected struct, derived from its members, so that a new member is generated without
// an edit here.
//
//   arbitrary<Command<Growing>>()   any command, whatever state it would meet
//   arbitrary<StateDump<Growing>>() any dump in canonical form, whether or not a system could be in that state
//
// The values are those that a trace can hold: text in UTF-8, finite numbers, rectangular embeddings, canonical order.
// Small numbers are likely, the ends of each type's range possible. They shrink towards zero, empty and absent.
//
// These say nothing about what makes sense; sequences of commands that do are made elsewhere in this folder.
#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/reflect.hpp"
#include "spec/system.hpp"
#include "spec/trace/names.hpp"
#include "spec/trace/print.hpp"
#include "spec/trace/text.hpp"

namespace kvspec {

// How RapidCheck shows a counterexample.
inline void showValue(const Command<Growing>& value, std::ostream& out) { out << to_text(value); }
inline void showValue(const Observation<Growing>& value, std::ostream& out) { out << to_text(value); }
inline void showValue(const Config<Growing>& value, std::ostream& out) { out << to_text(value); }
inline void showValue(const StateDump<Growing>& value, std::ostream& out) { out << to_text(value); }
inline void showValue(const View<Growing>& value, std::ostream& out) { out << to_text(value); }

namespace fuzz {

template <class T>
rc::Gen<T> arbitrary();

namespace detail {

template <std::integral T>
rc::Gen<T> any_integer() {
  constexpr T min = std::numeric_limits<T>::min();
  constexpr T max = std::numeric_limits<T>::max();
  return rc::gen::weightedOneOf<T>({
      {8, rc::gen::inRange<T>(0, 20)},
      {2, rc::gen::arbitrary<T>()},
      {1, rc::gen::elementOf(std::vector<T>{min, min + 1, max / 2, max - 1, max})},
  });
}

template <std::floating_point T>
rc::Gen<T> any_finite() {
  return rc::gen::weightedOneOf<T>({
      {4, rc::gen::map(rc::gen::arbitrary<T>(), [](T x) { return std::isfinite(x) ? x : T{0}; })},
      {1, rc::gen::elementOf(std::vector<T>{0, 1, T(0.1), T(1) / 3, std::numeric_limits<T>::max(),
                                            std::numeric_limits<T>::lowest(), std::numeric_limits<T>::min(),
                                            std::numeric_limits<T>::denorm_min()})},
  });
}

// Request ids, salts and names, some of which need escapes or several bytes.
inline rc::Gen<std::string> any_text() {
  return rc::gen::weightedOneOf<std::string>({
      {8, rc::gen::element<std::string>("r0", "r1", "r2", "r3", "r12", "r127", "r128")},
      {2, rc::gen::element<std::string>("", "r", "r01", "salt", "lora-a", "\"quoted\\\"", "line\nbreak\t\x01",
                                        "\xC3\xA9\xE6\xBC\xA2", "\xF0\x9F\x90\x8D", "\xE2\x80\xA8", "\x7F", "a.b[3]")},
      {1, rc::gen::map(rc::gen::arbitrary<std::string>(), [](std::string s) { return with_valid_utf8(std::move(s)); })},
  });
}

inline rc::Gen<BlockHash<Growing>> any_bytes() {
  return rc::gen::map(rc::gen::arbitrary<std::vector<std::uint8_t>>(), [](const std::vector<std::uint8_t>& bytes) {
    return BlockHash<Growing>(bytes.begin(), bytes.end());
  });
}

inline Digest any_digest() {
  Digest digest{};
  digest.size = *rc::gen::weightedElement<std::uint8_t>({{8, 32}, {2, 16}, {1, 0}, {1, 1}, {1, 31}});
  // A digest is a function of a small number, so that equal ones occur.
  const auto seed = *rc::gen::inRange<unsigned>(0, 1000);
  for (std::size_t i = 0; i < digest.size; ++i)
    digest.bytes[i] = static_cast<std::uint8_t>(seed * 2654435761U >> (i % 24));
  return digest;
}

inline ExtraKey<Growing> any_extra_key() {
  ExtraKey<Growing> key{};
  key.kind = *rc::gen::element(ExtraKeyKind::text, ExtraKeyKind::item, ExtraKeyKind::digest);
  if (key.kind != ExtraKeyKind::digest) key.text = *any_text();
  if (key.kind == ExtraKeyKind::item) key.offset = *any_integer<std::int64_t>();
  if (key.kind == ExtraKeyKind::digest) key.digest = any_digest();
  return key;
}

inline EventHash<Growing> any_event_hash() {
  EventHash<Growing> hash{};
  hash.is_integer = *rc::gen::arbitrary<bool>();
  if (hash.is_integer) {
    hash.integer = *any_integer<std::uint64_t>();
  } else {
    hash.bytes = *any_bytes();
  }
  return hash;
}

inline PromptEmbeds<Growing> any_embeds() {
  PromptEmbeds<Growing> embeds{};
  const auto rows = *rc::gen::inRange<std::size_t>(0, 5);
  if (rows == 0) return embeds;
  embeds.width = *rc::gen::inRange<Count>(1, 4);
  embeds.values = *rc::gen::container<std::vector<float>>(rows * embeds.width, any_finite<float>());
  return embeds;
}

// The key of an entry of a list that stands for an object, and of a set; nothing for other elements.
template <class T>
BlockId key_of(const OfBlock<T>& entry) {
  return entry.block;
}
template <class T>
std::string key_of(const OfRequest<Growing, T>& entry) {
  return entry.req;
}
inline std::pair<std::vector<std::uint8_t>, GroupId> key_of(const BlockKey<Growing>& key) {
  return {{key.hash.begin(), key.hash.end()}, key.group};
}
inline std::pair<std::vector<std::uint8_t>, GroupId> key_of(const Duplicates<Growing>& entry) {
  return key_of(entry.key);
}
inline std::string key_of(const RequestDump<Growing>& entry) { return entry.req; }
inline std::string key_of(const std::string& request) { return request; }

template <class T>
std::vector<T> any_list() {
  // Lists in lists in lists: each level is half as long, or a value would take seconds to make.
  std::vector<T> values = *rc::gen::scale(0.5, rc::gen::container<std::vector<T>>(arbitrary<T>()));
  if constexpr (requires(const T& value) { key_of(value); }) {
    const auto less = [](const T& a, const T& b) { return key_of(a) < key_of(b); };
    const auto same = [](const T& a, const T& b) { return key_of(a) == key_of(b); };
    std::sort(values.begin(), values.end(), less);
    values.erase(std::unique(values.begin(), values.end(), same), values.end());
  }
  return values;
}

template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;
template <class T>
inline constexpr bool is_of_block = false;
template <class T>
inline constexpr bool is_of_block<OfBlock<T>> = true;
template <class T>
inline constexpr bool is_of_request = false;
template <class T>
inline constexpr bool is_of_request<OfRequest<Growing, T>> = true;

template <class Variant>
rc::Gen<Variant> any_alternative() {
  std::vector<rc::Gen<Variant>> generators;
  for_each_alternative<Variant>([&]<class A>() { generators.push_back(rc::gen::cast<Variant>(arbitrary<A>())); });
  return rc::gen::join(rc::gen::elementOf(std::move(generators)));
}

template <Reflected T>
T any_struct() {
  T value{};
  for_each_member(value, [&]<class M>(std::string_view name, M& member) {
    if constexpr (std::same_as<T, Config<Growing>>) {
      // The members a trace's driver adds are one JSON object, and not an empty one.
      if (name == "driver") {
        const auto text = *rc::gen::element<std::string>("", R"({"big":true})", R"({"driver":{"a":[1,-2.5,null]}})");
        if constexpr (std::same_as<M, std::optional<std::string>>) {
          if (!text.empty()) member = text;
        }
        return;
      }
    }
    member = *arbitrary<M>();
  });
  return value;
}

}  // namespace detail

template <class T>
rc::Gen<T> arbitrary() {
  using namespace detail;
  if constexpr (std::same_as<T, bool>) {
    return rc::gen::arbitrary<bool>();
  } else if constexpr (std::integral<T>) {
    return any_integer<T>();
  } else if constexpr (std::floating_point<T>) {
    return any_finite<T>();
  } else if constexpr (NamedEnum<T>) {
    return rc::gen::map(rc::gen::inRange<std::size_t>(0, enum_names<T>.size()),
                        [](std::size_t i) { return static_cast<T>(i); });
  } else if constexpr (std::same_as<T, std::string>) {
    return any_text();
  } else if constexpr (std::same_as<T, BlockHash<Growing>>) {
    return any_bytes();
  } else if constexpr (std::same_as<T, Done>) {
    return rc::gen::just(Done{});
  } else if constexpr (std::same_as<T, Informative>) {
    return rc::gen::exec([] { return Informative{*any_integer<std::int64_t>()}; });
  } else if constexpr (std::same_as<T, Digest>) {
    return rc::gen::exec(any_digest);
  } else if constexpr (std::same_as<T, ExtraKey<Growing>>) {
    return rc::gen::exec(any_extra_key);
  } else if constexpr (std::same_as<T, EventHash<Growing>>) {
    return rc::gen::exec(any_event_hash);
  } else if constexpr (std::same_as<T, PromptEmbeds<Growing>>) {
    return rc::gen::exec(any_embeds);
  } else if constexpr (std::same_as<T, BlockKey<Growing>>) {
    return rc::gen::exec([] { return BlockKey<Growing>{*any_bytes(), *any_integer<GroupId>()}; });
  } else if constexpr (std::same_as<T, Duplicates<Growing>>) {
    return rc::gen::exec(
        [] { return Duplicates<Growing>{*arbitrary<BlockKey<Growing>>(), *arbitrary<BlockList<Growing>>()}; });
  } else if constexpr (is_of_block<T>) {
    return rc::gen::exec([] { return T{*any_integer<BlockId>(), *arbitrary<decltype(T::value)>()}; });
  } else if constexpr (is_of_request<T>) {
    return rc::gen::exec([] { return T{*any_text(), *arbitrary<decltype(T::value)>()}; });
  } else if constexpr (is_optional<T>) {
    return rc::gen::exec([]() -> T {
      if (!*rc::gen::arbitrary<bool>()) return {};
      return *arbitrary<typename T::value_type>();
    });
  } else if constexpr (is_list<T>) {
    return rc::gen::exec(any_list<typename T::value_type>);
  } else if constexpr (is_variant<T>) {
    return any_alternative<T>();
  } else {
    static_assert(Reflected<T>, "a type that is no reflected struct needs a case of its own");
    return rc::gen::exec(any_struct<T>);
  }
}

}  // namespace fuzz
}  // namespace kvspec

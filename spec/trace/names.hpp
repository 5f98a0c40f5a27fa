// The names that enumerators have in a trace, in a message and in a diff: one table per enum, in enumerator order.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

#include "spec/clauses.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/events.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec {

template <class E>
inline constexpr std::array<std::string_view, 0> enum_names{};

template <>
inline constexpr auto enum_names<ClauseKind> =
    std::to_array<std::string_view>({"effect", "rejection", "invariant", "deviation"});
template <>
inline constexpr auto enum_names<HashFunction> =
    std::to_array<std::string_view>({"sha256", "sha256_cbor", "xxhash", "xxhash_cbor"});
template <>
inline constexpr auto enum_names<PassedHit> = std::to_array<std::string_view>({"none", "empty", "computed"});
template <>
inline constexpr auto enum_names<GroupKind> =
    std::to_array<std::string_view>({"full", "mla", "swa", "swa_mla", "chunked", "mamba", "cross"});
template <>
inline constexpr auto enum_names<MambaCacheMode> = std::to_array<std::string_view>({"none", "align", "all"});
template <>
inline constexpr auto enum_names<Semantics> = std::to_array<std::string_view>({"recorded", "sound"});
template <>
inline constexpr auto enum_names<Medium> = std::to_array<std::string_view>({"GPU"});
template <>
inline constexpr auto enum_names<SpecKind> =
    std::to_array<std::string_view>({"full_attention", "mla_attention", "sliding_window", "sliding_window_mla",
                                     "chunked_local_attention", "mamba", "cross_attention"});

template <class E>
concept NamedEnum = std::is_enum_v<E> && (enum_names<E>.size() > 0);

// The name of an enumerator; "?" for a value that is none.
template <NamedEnum E>
constexpr std::string_view name_of(E value) {
  const std::size_t index = static_cast<std::size_t>(value);
  return index < enum_names<E>.size() ? enum_names<E>[index] : "?";
}

template <NamedEnum E>
constexpr std::optional<E> enumerator_of(std::string_view name) {
  for (std::size_t i = 0; i < enum_names<E>.size(); ++i) {
    if (enum_names<E>[i] == name) return static_cast<E>(i);
  }
  return {};
}

}  // namespace kvspec

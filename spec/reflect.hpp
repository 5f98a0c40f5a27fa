// Reflection over the structs of the specification, so that a codec, a printer or a generator is written once for all
// of them. A struct defined with BOOST_HANA_DEFINE_STRUCT is Reflected; its members are visited in declaration order.
#pragma once

#include <array>
#include <boost/hana/accessors.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/pair.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/tuple.hpp>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace kvspec {

template <class T>
concept Reflected = boost::hana::Struct<std::remove_cv_t<T>>::value;

// The members that Hana knows of a struct, as types: walking those costs a compiler a fraction of hana::for_each.
template <class Accessors>
struct MemberList;
template <class... Name, class... Member>
struct MemberList<boost::hana::tuple<boost::hana::pair<Name, Member>...>> {
  template <class T, class F>
  static constexpr void visit([[maybe_unused]] T& value, [[maybe_unused]] F& f) {
    (f(std::string_view(Name::c_str()), Member{}(value)), ...);
  }
  template <class Row, class F>
  static constexpr std::array<Row, sizeof...(Name)> table([[maybe_unused]] F f) {
    return {f(std::string_view(Name::c_str()), Member{})...};
  }
};
template <Reflected T>
using MembersOf = MemberList<decltype(boost::hana::accessors<std::remove_cv_t<T>>())>;

// f(name, member) for each member. The name lives as long as the program.
template <Reflected T, class F>
constexpr void for_each_member(T& value, F&& f) {
  MembersOf<T>::visit(value, f);
}

// The rows make(name, member) of each member, where member(value) is that member of a value. A table of functions keeps
// the walk itself out of the templates: it is compiled once, and each member is one small function.
template <class Row, Reflected T, class F>
constexpr auto member_table(F make) {
  return MembersOf<T>::template table<Row>(make);
}

// The type of the member that such a `member` gives.
template <class T, class Member>
using MemberType = std::remove_cvref_t<decltype(Member{}(std::declval<T&>()))>;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

// f<A>() for each alternative A of a variant, in order: f is a generic lambda []<class A>() { ... }.
template <class Variant, class F>
constexpr void for_each_alternative(F&& f) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (f.template operator()<std::variant_alternative_t<I, Variant>>(), ...);
  }(std::make_index_sequence<std::variant_size_v<Variant>>{});
}

}  // namespace kvspec

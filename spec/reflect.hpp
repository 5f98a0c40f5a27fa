// Reflection over the structs of the specification, so that a codec, a printer or a generator is written once for all
// of them. A struct defined with BOOST_HANA_DEFINE_STRUCT is Reflected; its members are visited in declaration order.
#pragma once

#include <boost/hana/accessors.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/core/to.hpp>
#include <boost/hana/first.hpp>
#include <boost/hana/for_each.hpp>
#include <boost/hana/second.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/tuple.hpp>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <variant>

namespace kvspec {

template <class T>
concept Reflected = boost::hana::Struct<std::remove_cv_t<T>>::value;

// f(name, member) for each member. The name lives as long as the program.
template <Reflected T, class F>
constexpr void for_each_member(T& value, F&& f) {
  namespace hana = boost::hana;
  hana::for_each(hana::accessors<std::remove_cv_t<T>>(), [&](auto accessor) {
    f(std::string_view(hana::to<const char*>(hana::first(accessor))), hana::second(accessor)(value));
  });
}

// f(name, member of a, member of b) for each member of two values of one type.
template <Reflected T, class F>
constexpr void for_each_member(T& a, T& b, F&& f) {
  namespace hana = boost::hana;
  hana::for_each(hana::accessors<std::remove_cv_t<T>>(), [&](auto accessor) {
    f(std::string_view(hana::to<const char*>(hana::first(accessor))), hana::second(accessor)(a),
      hana::second(accessor)(b));
  });
}

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

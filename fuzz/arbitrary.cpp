// Values of every reflected struct, derived from its members, so that a new member is generated without an edit here.
//
// Only numbers and texts are drawn from RapidCheck; what is composed of them is filled in by plain code. What was drawn
// shrinks, so composed values shrink too, at a fraction of the templates.
#include "fuzz/arbitrary.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <iterator>
#include <limits>
#include <optional>
#include <ostream>
#include <type_traits>
#include <utility>
#include <variant>

#include "spec/reflect.hpp"
#include "spec/trace/names.hpp"
#include "spec/trace/print.hpp"
#include "spec/trace/text.hpp"

namespace kvspec {

void showValue(const Command<Growing>& value, std::ostream& out) { out << to_text(value); }
void showValue(const Observation<Growing>& value, std::ostream& out) { out << to_text(value); }
void showValue(const Config<Growing>& value, std::ostream& out) { out << to_text(value); }
void showValue(const StateDump<Growing>& value, std::ostream& out) { out << to_text(value); }
void showValue(const View<Growing>& value, std::ostream& out) { out << to_text(value); }

namespace fuzz {
namespace {

// What follows draws. Numbers are drawn in one type of each kind, so that there are few generators to compile.

// One of `count` alternatives, all alike from the first test case on.
std::size_t draw_index(std::size_t count) {
  const auto range = rc::gen::inRange<std::int64_t>(0, static_cast<std::int64_t>(count));
  return static_cast<std::size_t>(*rc::gen::resize(rc::kNominalSize, range));
}
bool draw_bool() { return draw_index(2) != 0; }
// Up to `most`, less in the first test cases.
std::size_t draw_size(std::size_t most) {
  return static_cast<std::size_t>(*rc::gen::inRange<std::int64_t>(0, static_cast<std::int64_t>(most) + 1));
}

// A small number, any number, or an end. The bits of 64-bit numbers that have no sign are drawn.
rc::Gen<std::int64_t> any_integer(bool is_signed, std::vector<std::int64_t> ends) {
  return rc::gen::weightedOneOf<std::int64_t>({
      {8, rc::gen::inRange<std::int64_t>(0, 20)},
      {2, is_signed ? rc::gen::arbitrary<std::int64_t>() : rc::gen::nonNegative<std::int64_t>()},
      {1, rc::gen::elementOf(std::move(ends))},
  });
}
template <std::integral T>
rc::Gen<std::int64_t> any_integer() {
  constexpr T min = std::numeric_limits<T>::min();
  constexpr T max = std::numeric_limits<T>::max();
  constexpr auto bits = [](T value) { return static_cast<std::int64_t>(value); };
  return any_integer(std::signed_integral<T>, {bits(min), bits(min + 1), bits(max / 2), bits(max - 1), bits(max)});
}

double draw_finite(const std::vector<double>& ends) {
  if (draw_index(5) == 0) return ends[draw_index(ends.size())];
  const double drawn = *rc::gen::arbitrary<double>();
  return std::abs(drawn) <= ends.front() ? drawn : 0;
}
template <std::floating_point T>
T draw_finite() {
  using limits = std::numeric_limits<T>;
  return static_cast<T>(
      draw_finite({limits::max(), limits::lowest(), limits::min(), limits::denorm_min(), 0, 1, T(0.1), T(1) / 3}));
}

std::string draw_text() {
  constexpr std::string_view usual[] = {"r0", "r1", "r2", "r3", "r12", "r127", "r128"};
  constexpr std::string_view unusual[] = {"",
                                          "r",
                                          "r01",
                                          "salt",
                                          "lora-a",
                                          "\"quoted\\\"",
                                          "line\nbreak\t\x01",
                                          "\xC3\xA9\xE6\xBC\xA2",
                                          "\xF0\x9F\x90\x8D",
                                          "\xE2\x80\xA8",
                                          "\x7F",
                                          "a.b[3]"};
  const std::size_t kind = draw_index(11);
  if (kind < 8) return std::string(usual[draw_index(std::size(usual))]);
  if (kind < 10) return std::string(unusual[draw_index(std::size(unusual))]);
  return with_valid_utf8(*rc::gen::arbitrary<std::string>());
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
std::pair<std::vector<std::uint8_t>, GroupId> key_of(const BlockKey<Growing>& key) {
  return {{key.hash.begin(), key.hash.end()}, key.group};
}
std::pair<std::vector<std::uint8_t>, GroupId> key_of(const Duplicates<Growing>& entry) { return key_of(entry.key); }
std::string key_of(const RequestDump<Growing>& entry) { return entry.req; }
std::string key_of(const std::string& request) { return request; }

// Puts a list in canonical order.
template <class T>
void keep_one_of_each_key(std::vector<T>& values) {
  const auto less = [](const T& a, const T& b) { return key_of(a) < key_of(b); };
  const auto same = [](const T& a, const T& b) { return key_of(a) == key_of(b); };
  std::sort(values.begin(), values.end(), less);
  values.erase(std::unique(values.begin(), values.end(), same), values.end());
}

// Gives values to what it is shown. Called where RapidCheck draws: in a property or in rc::gen::exec.
class Filler {
 public:
  template <Reflected T>
  void fill(T& out) {
    using FillMember = void (*)(Filler& filler, void* object);
    static constexpr auto members = member_table<FillMember, T>([]<class Member>(std::string_view, Member) {
      return FillMember([](Filler& filler, void* object) { filler.fill(Member{}(*static_cast<T*>(object))); });
    });
    for (const FillMember fill_member : members) fill_member(*this, &out);
    if constexpr (std::same_as<T, Config<Growing>>) fill_driver(out);
  }
  void fill(Done&) {}
  template <class... T>
  void fill(std::variant<T...>& out) {
    const std::size_t chosen = draw_index(sizeof...(T));
    std::size_t index = 0;
    for_each_alternative<std::variant<T...>>([&]<class A>() {
      if (index++ == chosen) fill(out.template emplace<A>());
    });
  }

  void fill(bool& out) { out = draw_bool(); }
  template <std::integral T>
  void fill(T& out) {
    out = static_cast<T>(*any_integer<T>());
  }
  template <std::floating_point T>
  void fill(T& out) {
    out = draw_finite<T>();
  }
  template <NamedEnum E>
  void fill(E& out) {
    out = static_cast<E>(draw_index(enum_names<E>.size()));
  }
  void fill(std::string& out) { out = draw_text(); }
  void fill(Informative& out) { fill(out.value); }

  // A digest is a function of a small number, so that equal ones occur.
  void fill(Digest& out) {
    constexpr std::uint8_t sizes[] = {32, 32, 32, 32, 32, 32, 32, 32, 16, 16, 0, 1, 31};
    out.size = sizes[draw_index(std::size(sizes))];
    const auto seed = static_cast<std::uint32_t>(draw_size(1000));
    for (std::size_t i = 0; i < out.size; ++i) out.bytes[i] = static_cast<std::uint8_t>(seed * 2654435761U >> (i % 24));
  }
  void fill(BlockHash<Growing>& out) {
    out.resize(draw_size(rc::kNominalSize));
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(draw_index(256));
  }
  void fill(BlockKey<Growing>& out) {
    fill(out.hash);
    fill(out.group);
  }
  void fill(Duplicates<Growing>& out) {
    fill(out.key);
    fill(out.blocks);
  }
  void fill(ExtraKey<Growing>& out) {
    constexpr ExtraKeyKind kinds[] = {ExtraKeyKind::text, ExtraKeyKind::item, ExtraKeyKind::digest};
    out.kind = kinds[draw_index(std::size(kinds))];
    if (out.kind != ExtraKeyKind::digest) fill(out.text);
    if (out.kind == ExtraKeyKind::item) fill(out.offset);
    if (out.kind == ExtraKeyKind::digest) fill(out.digest);
  }
  void fill(EventHash<Growing>& out) {
    fill(out.is_integer);
    if (out.is_integer) {
      fill(out.integer);
    } else {
      fill(out.bytes);
    }
  }
  void fill(PromptEmbeds<Growing>& out) {
    const std::size_t rows = draw_size(4);
    if (rows == 0) return;
    out.width = static_cast<Count>(1 + draw_size(2));
    out.values.resize(rows * out.width);
    for (float& value : out.values) fill(value);
  }
  template <class T>
  void fill(OfBlock<T>& out) {
    fill(out.block);
    fill(out.value);
  }
  template <class T>
  void fill(OfRequest<Growing, T>& out) {
    fill(out.req);
    fill(out.value);
  }

  template <class T>
  void fill(std::optional<T>& out) {
    out.reset();
    if (draw_bool()) fill(out.emplace());
  }
  template <std::integral T>
  void fill(std::vector<T>& out) {
    const std::vector<std::int64_t> drawn = draw_integers(any_integer<T>());
    out.resize(drawn.size());
    std::ranges::transform(drawn, out.begin(), [](std::int64_t bits) { return static_cast<T>(bits); });
  }
  // Lists in lists in lists: each level is half as long, or a value would take seconds to make.
  template <class T>
  void fill(std::vector<T>& out) {
    ++depth_;
    const std::size_t most = static_cast<std::size_t>(rc::kNominalSize) >> depth_;
    out.resize(draw_size(most));
    for (T& value : out) fill(value);
    --depth_;
    if constexpr (requires(const T& value) { key_of(value); }) keep_one_of_each_key(out);
  }

 private:
  std::vector<std::int64_t> draw_integers(rc::Gen<std::int64_t> integer) const {
    return *rc::gen::scale(std::ldexp(1.0, -depth_ - 1),
                           rc::gen::container<std::vector<std::int64_t>>(std::move(integer)));
  }
  // The members a trace's driver adds are one JSON object, and not an empty one.
  void fill_driver(Config<Growing>& out) {
    const std::string_view members[] = {"", R"({"big":true})", R"({"driver":{"a":[1,-2.5,null]}})"};
    const std::string_view chosen = members[draw_index(std::size(members))];
    out.driver.reset();
    if (!chosen.empty()) out.driver = chosen;
  }

  int depth_ = 0;  // of the list that is being filled
};

template <class T>
T filled() {
  T value{};
  Filler().fill(value);
  return value;
}

}  // namespace

rc::Gen<Command<Growing>> any_command() { return rc::gen::exec(filled<Command<Growing>>); }
rc::Gen<std::vector<Command<Growing>>> any_commands() {
  return rc::gen::container<std::vector<Command<Growing>>>(any_command());
}
rc::Gen<Config<Growing>> any_config() { return rc::gen::exec(filled<Config<Growing>>); }
rc::Gen<Observation<Growing>> any_observation(const Command<Growing>& command) {
  return rc::gen::exec([wanted = command.index()] {
    Observation<Growing> observation{};
    std::size_t index = 0;
    for_each_alternative<Command<Growing>>([&]<class C>() {
      if (index++ == wanted) Filler().fill(observation.emplace<typename C::Observation>());
    });
    return observation;
  });
}
rc::Gen<StateDump<Growing>> any_state() { return rc::gen::exec(filled<StateDump<Growing>>); }
rc::Gen<View<Growing>> any_view() { return rc::gen::exec(filled<View<Growing>>); }

rc::Gen<std::string> any_text() { return rc::gen::exec(draw_text); }
rc::Gen<std::int64_t> any_int64() { return any_integer<std::int64_t>(); }

}  // namespace fuzz
}  // namespace kvspec

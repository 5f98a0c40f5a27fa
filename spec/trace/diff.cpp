#include "spec/trace/diff.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <variant>

#include "spec/reflect.hpp"
#include "spec/trace/path.hpp"
#include "spec/trace/value_printer.hpp"

namespace kvspec {
namespace {

// Entries that are matched by key. key_less gives the canonical order of their list. [dump.hpp]
template <class T>
bool key_less(const OfBlock<T>& a, const OfBlock<T>& b) {
  return a.block < b.block;
}
template <class T>
bool key_less(const OfRequest<Growing, T>& a, const OfRequest<Growing, T>& b) {
  return a.req < b.req;
}
bool key_less(const RequestDump<Growing>& a, const RequestDump<Growing>& b) { return a.req < b.req; }
bool key_less(const Duplicates<Growing>& a, const Duplicates<Growing>& b) {
  if (a.key.hash != b.key.hash) return std::ranges::lexicographical_compare(a.key.hash, b.key.hash);
  return a.key.group < b.key.group;
}
template <class T>
concept Keyed = requires(const T& a) { key_less(a, a); };

template <class T>
const T& content(const OfBlock<T>& entry) {
  return entry.value;
}
template <class T>
const T& content(const OfRequest<Growing, T>& entry) {
  return entry.value;
}
const RequestDump<Growing>& content(const RequestDump<Growing>& entry) { return entry; }
const BlockList<Growing>& content(const Duplicates<Growing>& entry) { return entry.blocks; }

class Comparison {
 public:
  explicit Comparison(std::size_t limit) : limit_(limit) {}

  std::vector<Difference> found;

  template <class T>
  void compare(const T& expected, const T& actual) {
    if (full() || expected == actual) return;
    const std::size_t before = found.size();
    parts(expected, actual);
    // Two values that are not equal never pass for equal, whatever their parts say.
    if (found.size() == before) report(value_text(expected), value_text(actual));
  }

  void report(std::string expected, std::string actual, std::string_view suffix = "") {
    if (full()) return;
    found.push_back({path_.text() + std::string(suffix), cut(expected, max_bytes), cut(actual, max_bytes)});
  }

  // Alternatives are told apart by a name: the op of a command, the type of an event; observations have none.
  template <class... T>
  void parts(const std::variant<T...>& expected, const std::variant<T...>& actual) {
    if (expected.index() != actual.index()) {
      report(alternative_text(expected), alternative_text(actual));
      return;
    }
    std::visit([&]<class A>(const A& value) { compare(value, *std::get_if<A>(&actual)); }, expected);
  }

 private:
  static constexpr std::size_t max_bytes = 600;

  // How a member of two objects is compared.
  struct MemberComparison {
    std::string_view name;
    void (*compare)(Comparison& comparison, const void* expected, const void* actual);
  };

  bool full() const { return found.size() >= limit_; }

  template <class... T>
  static std::string alternative_text(const std::variant<T...>& value) {
    return std::visit(
        []<class A>(const A& alternative) {
          ValuePrinter printer(ValuePrinter::Plain::shown);
          if constexpr (requires { A::op; }) {
            printer.call(A::op, alternative);
          } else if constexpr (requires { A::type; }) {
            printer.call(A::type, alternative);
          } else {
            printer.write(alternative);
          }
          return std::move(printer.out);
        },
        value);
  }

  template <Reflected T>
  void parts(const T& expected, const T& actual) {
    static constexpr auto members = member_table<MemberComparison, T>([]<class Member>(std::string_view name, Member) {
      return MemberComparison{name, [](Comparison& comparison, const void* left, const void* right) {
                                comparison.compare(Member{}(*static_cast<const T*>(left)),
                                                   Member{}(*static_cast<const T*>(right)));
                              }};
    });
    compare_members(&expected, &actual, members);
  }
  void compare_members(const void* expected, const void* actual, std::span<const MemberComparison> members) {
    for (const MemberComparison& member : members) {
      const auto step = path_.member(member.name);
      member.compare(*this, expected, actual);
    }
  }
  template <class T>
  void parts(const std::optional<T>& expected, const std::optional<T>& actual) {
    if (expected && actual) compare(*expected, *actual);
  }
  template <class T>
  void parts(const std::vector<T>& expected, const std::vector<T>& actual) {
    for (std::size_t i = 0; i < std::min(expected.size(), actual.size()); ++i) {
      const auto step = path_.element(i);
      compare(expected[i], actual[i]);
    }
    if (expected.size() != actual.size()) {
      report(std::to_string(expected.size()), std::to_string(actual.size()), path_.empty() ? "size()" : ".size()");
    }
  }
  // Merges two lists in canonical order. Lists that are in no such order are compared by position.
  template <Keyed T>
  void parts(const std::vector<T>& expected, const std::vector<T>& actual) {
    const auto less = [](const T& a, const T& b) { return key_less(a, b); };
    const bool ordered = std::ranges::is_sorted(expected, less) && std::ranges::is_sorted(actual, less);
    auto left = expected.begin();
    auto right = actual.begin();
    for (std::size_t position = 0; left != expected.end() || right != actual.end(); ++position) {
      const bool only_left = right == actual.end() || (ordered && left != expected.end() && key_less(*left, *right));
      const bool only_right = !only_left && (left == expected.end() || (ordered && key_less(*right, *left)));
      if (!only_left && !only_right && !ordered && (key_less(*left, *right) || key_less(*right, *left))) {
        const auto step = path_.element(position);
        report(value_text(*left++), value_text(*right++));
        continue;
      }
      at_key(only_right ? *right : *left, [&] {
        if (only_left) {
          report(value_text(content(*left)), "absent");
        } else if (only_right) {
          report("absent", value_text(content(*right)));
        } else {
          compare(content(*left), content(*right));
        }
      });
      if (!only_right) ++left;
      if (!only_left) ++right;
    }
  }
  template <class T>
  void parts(const T&, const T&) {}  // a leaf: compare() shows it whole

  template <class T, class F>
  void at_key(const OfBlock<T>& entry, F&& f) {
    const auto step = path_.element(entry.block);
    f();
  }
  template <class T, class F>
  void at_key(const OfRequest<Growing, T>& entry, F&& f) {
    const auto step = path_.key(entry.req);
    f();
  }
  template <class F>
  void at_key(const RequestDump<Growing>& entry, F&& f) {
    const auto step = path_.key(entry.req);
    f();
  }
  template <class F>
  void at_key(const Duplicates<Growing>& entry, F&& f) {
    const std::string key = value_text(entry.key);
    const auto step = path_.key(key);
    f();
  }

  std::size_t limit_;
  Path path_;
};

template <class T>
std::vector<Difference> find(const T& expected, const T& actual, std::size_t limit) {
  Comparison comparison(limit);
  comparison.compare(expected, actual);
  return std::move(comparison.found);
}

}  // namespace

std::vector<Difference> differences(const Config<Growing>& expected, const Config<Growing>& actual, std::size_t limit) {
  return find(expected, actual, limit);
}
std::vector<Difference> differences(const Command<Growing>& expected, const Command<Growing>& actual,
                                    std::size_t limit) {
  return find(expected, actual, limit);
}
std::vector<Difference> differences(const Observation<Growing>& expected, const Observation<Growing>& actual,
                                    std::size_t limit) {
  return find(expected, actual, limit);
}
std::vector<Difference> differences(const StateDump<Growing>& expected, const StateDump<Growing>& actual,
                                    std::size_t limit) {
  return find(expected, actual, limit);
}
std::vector<Difference> differences(const View<Growing>& expected, const View<Growing>& actual, std::size_t limit) {
  return find(expected, actual, limit);
}

Observation<Growing> compared_part(Observation<Growing> observation) {
  if (auto* state = std::get_if<StateDump<Growing>>(&observation)) state->null_block_ref_cnt_unmaintained.reset();
  return observation;
}

std::string to_text(const Difference& difference) {
  const std::string where = difference.path.empty() ? "" : difference.path + ": ";
  return where + "expected " + difference.expected + ", actual " + difference.actual;
}

}  // namespace kvspec

// The stream of events, on model and host alike. Whatever the commands are,
//   - a consumer that counts what is stored and removed has, whenever the stream is drained, what the index holds;
//   - when the stream is drained makes no difference to it;
//   - an integer is the end of the hash that the bytes are;
//   - that there are events makes no difference to anything else.
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/targets/commands_input.hpp"
#include "fuzz/targets/targets.hpp"
#include "impl/host/manager.hpp"
#include "model/manager.hpp"
#include "spec/commands.hpp"
#include "spec/trace/print.hpp"

namespace kvspec::fuzz {

namespace {

using S = Growing;
using Hash = std::vector<std::uint8_t>;
using Counts = std::map<std::pair<Hash, GroupId>, std::int64_t>;

constexpr std::size_t bytes_of_integer = 8;

// A hash as the events of the configuration show it, as bytes.
Hash shown(const EventHash<S>& hash) {
  if (!hash.is_integer) return {hash.bytes.begin(), hash.bytes.end()};
  Hash bytes;
  for (std::size_t i = bytes_of_integer; i > 0; --i) {
    bytes.push_back(static_cast<std::uint8_t>(hash.integer >> (8 * (i - 1))));
  }
  return bytes;
}

Hash last_bytes(const Hash& hash) { return {hash.end() - bytes_of_integer, hash.end()}; }

// What a consumer knows: how many blocks there are for each hash and group.
class Consumer {
 public:
  void take(const BlockStored<S>& event) {
    for (const EventHash<S>& hash : event.block_hashes) ++counts_[{shown(hash), event.group_idx}];
  }
  void take(const BlockRemoved<S>& event) {
    require(event.block_hashes.size() == 1, "one removal has not one hash");
    const auto known = counts_.find({shown(event.block_hashes.front()), event.group_idx});
    require(known != counts_.end(), "a block is removed that was not stored");
    if (--known->second == 0) counts_.erase(known);
  }
  void take(const AllBlocksCleared<S>&) { counts_.clear(); }

  const Counts& counts() const { return counts_; }

 private:
  Counts counts_;
};

template <class System>
Counts index_of(const System& system, bool as_integers) {
  Counts counts;
  system.walk_index([&](const auto& hash, GroupId group, BlockId, bool) {
    Hash bytes(hash.begin(), hash.end());
    ++counts[{as_integers ? last_bytes(bytes) : bytes, group}];
  });
  return counts;
}

template <class System>
void drain(System& system, EventList<S>& stream) {
  auto drained = system.step(TakeEvents<S>{});
  for (Event<S>& event : drained.value().events) stream.push_back(std::move(event));
}

// The commands, the stream drained after each; what the commands that are no TakeEvents answer goes to `answers`.
template <class System>
EventList<S> run_drained(const Config<S>& config, const Commands& commands,
                         std::vector<Result<Observation<S>>>& answers, View<S>& last) {
  Result<System> created = System::create(config);
  System& system = created.value();
  EventList<S> stream;
  Consumer consumer;
  for (const Command<S>& command : commands) {
    if (!std::holds_alternative<TakeEvents<S>>(command)) answers.push_back(step<System, S>(system, command));
    const std::size_t before = stream.size();
    drain(system, stream);
    require(config.events || stream.empty(), "there are events although they are off");
    for (std::size_t i = before; i < stream.size(); ++i) {
      std::visit([&](const auto& event) { consumer.take(event); }, stream[i]);
    }
    if (config.events) {
      require(consumer.counts() == index_of(system, config.events_int_hashes),
              "what a consumer counted is not what the index holds, after", to_text(command));
    }
  }
  last = system.view();
  return stream;
}

// The commands, the stream drained where they say so and at the end.
template <class System>
EventList<S> run_as_given(const Config<S>& config, const Commands& commands) {
  Result<System> created = System::create(config);
  System& system = created.value();
  EventList<S> stream;
  for (const Command<S>& command : commands) {
    if (std::holds_alternative<TakeEvents<S>>(command)) {
      drain(system, stream);
    } else {
      (void)step<System, S>(system, command);
    }
  }
  drain(system, stream);
  return stream;
}

bool shows_the_same(const EventHash<S>& integer, const EventHash<S>& bytes) {
  return integer.is_integer && !bytes.is_integer && shown(integer) == last_bytes(shown(bytes));
}
bool show_the_same(const EventHashList<S>& integers, const EventHashList<S>& bytes) {
  bool same = integers.size() == bytes.size();
  for (std::size_t i = 0; same && i < integers.size(); ++i) same = shows_the_same(integers[i], bytes[i]);
  return same;
}

// Events that differ in nothing but how hashes are shown. [EVENT-03]
bool is_same_event(const BlockStored<S>& integer, const BlockStored<S>& bytes) {
  if (!show_the_same(integer.block_hashes, bytes.block_hashes)) return false;
  if (integer.parent_block_hash.has_value() != bytes.parent_block_hash.has_value()) return false;
  if (integer.parent_block_hash && !shows_the_same(*integer.parent_block_hash, *bytes.parent_block_hash)) return false;
  BlockStored<S> other = bytes;
  other.block_hashes = integer.block_hashes;
  other.parent_block_hash = integer.parent_block_hash;
  return other == integer;
}
bool is_same_event(const BlockRemoved<S>& integer, const BlockRemoved<S>& bytes) {
  return show_the_same(integer.block_hashes, bytes.block_hashes) && integer.group_idx == bytes.group_idx &&
         integer.medium == bytes.medium;
}
bool is_same_event(const AllBlocksCleared<S>&, const AllBlocksCleared<S>&) { return true; }
template <class A, class B>
bool is_same_event(const A&, const B&) {
  return false;
}

template <class System>
void check(Config<S> config, const Commands& commands) {
  config.events = true;
  config.events_int_hashes = true;
  std::vector<Result<Observation<S>>> answers;
  std::vector<Result<Observation<S>>> answers_without;
  View<S> last{};
  View<S> last_without{};
  const EventList<S> integers = run_drained<System>(config, commands, answers, last);
  require(run_as_given<System>(config, commands) == integers, "a stream depends on when it is drained");

  Config<S> as_bytes = config;
  as_bytes.events_int_hashes = false;
  const EventList<S> bytes = run_as_given<System>(as_bytes, commands);
  require(bytes.size() == integers.size(), "the number of events depends on how hashes are shown");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const bool same =
        std::visit([](const auto& a, const auto& b) { return is_same_event(a, b); }, integers[i], bytes[i]);
    require(same, "an event depends on how hashes are shown");
  }

  Config<S> without = config;
  without.events = false;
  run_drained<System>(without, commands, answers_without, last_without);
  require(answers == answers_without, "an answer depends on events");
  require(last == last_without, "the state depends on events");
}

}  // namespace

void run_events_input(InputBytes bytes) {
  const CommandsInput input = decode_input(bytes);
  if (!validate(input.config).ok()) return;
  check<model::HostModel>(input.config, input.commands);
  check<host::Manager>(input.config, input.commands);
}

}  // namespace kvspec::fuzz

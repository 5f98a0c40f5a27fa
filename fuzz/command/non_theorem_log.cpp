#include "fuzz/command/non_theorem_log.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kvspec::fuzz {

namespace {

constexpr std::uint64_t most_skipped = 100;
// A counterexample of more commands is hard to read, so a few others are shrunk in the hope of a smaller one.
constexpr std::size_t readable = 12;
constexpr std::size_t most_tries = 4;

}  // namespace

NonTheoremLog::Stage NonTheoremLog::stage(const Breach& breach, const Config<Growing>& config) const {
  if (!can_deviate(breach.deviation, config)) return Stage::impossible;
  const Entry* entry = find(breach);
  if (entry == nullptr) return Stage::unseen;
  return entry->commands <= readable || entry->tries >= most_tries ? Stage::seen : Stage::unseen;
}

bool NonTheoremLog::is_known(Clause invariant, const Config<Growing>& config) {
  bool seen = false;
  bool unseen = false;
  for (const Breach& breach : all_breaches()) {
    if (breach.invariant != invariant) continue;
    const Stage now = stage(breach, config);
    seen = seen || now == Stage::seen;
    unseen = unseen || now == Stage::unseen;
  }
  if (seen && !unseen) return true;
  Patience& patience = patience_[static_cast<std::size_t>(invariant)];
  if (patience.skipped < patience.to_skip) {
    ++patience.skipped;
    return true;
  }
  patience.skipped = 0;
  return false;
}

ClauseSet NonTheoremLog::tolerated(const Config<Growing>& config) const {
  ClauseSet seen;
  ClauseSet unseen;
  for (const Breach& breach : all_breaches()) {
    const Stage now = stage(breach, config);
    if (now == Stage::seen) seen.add(breach.invariant);
    if (now == Stage::unseen) unseen.add(breach.invariant);
  }
  ClauseSet clauses;
  for (const Breach& breach : all_breaches()) {
    const bool ends_run = breach.invariant == Clause::i4;
    if (seen.has(breach.invariant) && !unseen.has(breach.invariant) && !ends_run) clauses.add(breach.invariant);
  }
  return clauses;
}

const NonTheoremLog::Entry* NonTheoremLog::find(const Breach& breach) const {
  const auto found = std::ranges::find(entries_, breach, &Entry::breach);
  return found == entries_.end() ? nullptr : &*found;
}

bool NonTheoremLog::has(const Breach& breach, std::size_t commands) const {
  const Entry* entry = find(breach);
  return entry != nullptr && entry->commands <= commands;
}

void NonTheoremLog::nothing_new(const Breach& breach) {
  if (Entry* entry = const_cast<Entry*>(find(breach)); entry != nullptr) ++entry->tries;
  nothing_new(breach.invariant);
}

void NonTheoremLog::nothing_new(Clause invariant) {
  Patience& patience = patience_[static_cast<std::size_t>(invariant)];
  patience.to_skip = std::min(most_skipped, patience.to_skip * 2 + 1);
}

std::string NonTheoremLog::add(const Breach& breach, const Failure& failure, const Origin& origin, double seconds) {
  if (Entry* entry = const_cast<Entry*>(find(breach)); entry != nullptr) {
    entry->commands = failure.commands.size();
    ++entry->tries;
    return {};
  }
  entries_.push_back({breach, failure.commands.size(), seconds, 1, origin.trace_file});
  patience_[static_cast<std::size_t>(breach.invariant)] = {};
  const ClauseEntry& deviation = describe(breach.deviation);
  const ClauseEntry& invariant = describe(breach.invariant);
  return fmt::format(
      "{} is no theorem: {} breaks it\n  {}  {}\n  {}  {}\n  commands: {}, shrunk from {}\n  trace: {}\n", invariant.id,
      deviation.id, invariant.id, invariant.sentence, deviation.id, deviation.sentence, failure.commands.size(),
      origin.commands_before, origin.trace_file);
}

std::string NonTheoremLog::summary() const {
  std::vector<Entry> sorted = entries_;
  std::ranges::sort(sorted, {}, &Entry::breach);
  std::string text = fmt::format("{} non-theorems:\n", sorted.size());
  for (const Entry& entry : sorted) {
    text += fmt::format("  {} breaks {:<4} after {:>4.1f} s, {:>2} commands, {}\n", describe(entry.breach.deviation).id,
                        describe(entry.breach.invariant).id, entry.seconds, entry.commands, entry.trace_file);
  }
  std::vector<Clause> missing;
  for (const Breach& breach : all_breaches()) {
    const bool seen =
        std::ranges::any_of(entries_, [&](const Entry& entry) { return entry.breach.deviation == breach.deviation; });
    if (!seen && std::ranges::find(missing, breach.deviation) == missing.end()) missing.push_back(breach.deviation);
  }
  if (missing.empty()) return text;
  text += "  not seen to break anything:";
  for (const Clause deviation : missing) text += fmt::format(" {}", describe(deviation).id);
  return text + "\n";
}

}  // namespace kvspec::fuzz

#include "fuzz/traffic.hpp"

namespace kvspec::fuzz {

namespace {

void add_to(PerKind& counts, const PerKind& others) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += others[i];
}

}  // namespace

void Traffic::add(const Traffic& other) {
  operations += other.operations;
  rejected_configs += other.rejected_configs;
  requests += other.requests;
  look_ups += other.look_ups;
  hits += other.hits;
  hybrid_hits += other.hybrid_hits;
  retained_hits += other.retained_hits;
  allocations += other.allocations;
  refusals += other.refusals;
  preemptions += other.preemptions;
  loads += other.loads;
  hybrid_loads += other.hybrid_loads;
  drafts += other.drafts;
  fewer_drafts += other.fewer_drafts;
  evictions += other.evictions;
  resets += other.resets;
  errors += other.errors;
  oversized += other.oversized;
  unplanned_errors += other.unplanned_errors;
  add_to(hits_of, other.hits_of);
  add_to(evictions_of, other.evictions_of);
  add_to(recycled_of, other.recycled_of);
}

}  // namespace kvspec::fuzz

// The named families of scenarios: at least one for each kind of configuration that real models have, then one for
// each way of using them that a mix would meet too seldom.
#include <array>

#include "fuzz/scenario.hpp"

namespace kvspec::fuzz {

namespace {

constexpr Features loads{Feature::external_async, Feature::external_sync, Feature::eviction, Feature::chunked_prefill};

GroupSpec plain(GroupKind kind, std::int64_t block_size) {
  GroupSpec group{};
  group.kind = kind;
  group.block_size = block_size;
  return group;
}

GroupSpec full(std::int64_t block_size) { return plain(GroupKind::full, block_size); }
GroupSpec mla(std::int64_t block_size) { return plain(GroupKind::mla, block_size); }
GroupSpec swa(Random& random, std::int64_t block_size) { return random_group(random, GroupKind::swa, block_size); }
GroupSpec swa_mla(Random& random, std::int64_t block_size) {
  return random_group(random, GroupKind::swa_mla, block_size);
}
GroupSpec chunked(Random& random, std::int64_t block_size) {
  return random_group(random, GroupKind::chunked, block_size);
}
// With `least` to `most` speculative blocks.
GroupSpec mamba(Random& random, MambaCacheMode mode, std::int64_t block_size, std::int64_t least, std::int64_t most) {
  return mamba_group(mode, block_size, random.between(least, most));
}

// The arguments of a call are evaluated in any order, so no two arguments of one call may draw; the elements of a list
// in braces are evaluated from left to right.
//
// Caching is on in every family but those that are about its absence.
void use(Scenario& s, Random& random, GroupSpecs groups, Eagle eagle = Eagle::any) {
  s.config.enable_caching = true;
  set_groups(s.config, random, std::move(groups), eagle);
}
void use_uncached(Scenario& s, Random& random, GroupSpecs groups) {
  s.config.enable_caching = false;
  set_groups(s.config, random, std::move(groups));
}

constexpr auto all_presets = std::to_array<Preset>({
    // ---- One group ----
    {"full", "Full attention with every feature of a plain server.",
     [](Scenario& s, Random& r) { use(s, r, {full(random_block_size(r))}, Eagle::off); }},
    {"mla", "Multi-head latent attention.", [](Scenario& s, Random& r) { use(s, r, {mla(random_block_size(r))}); }},
    {"eagle", "EAGLE: drafts, look-ahead slots and the dropped last block of a hit.",
     [](Scenario& s, Random& r) {
       use(s, r, {full(random_block_size(r))}, Eagle::all);
       s.features.add({Feature::drafts, Feature::lookahead, Feature::shared_prefixes});
     }},
    {"swa", "A sliding window, from 1 token to more than any prompt has.",
     [](Scenario& s, Random& r) { use(s, r, {swa(r, random_block_size(r))}); }},
    {"swa_mla", "A sliding window over MLA.",
     [](Scenario& s, Random& r) { use(s, r, {swa_mla(r, random_block_size(r))}); }},
    {"swa_retention", "A sliding window that keeps blocks at intervals and before the replay boundary only.",
     [](Scenario& s, Random& r) {
       use(s, r, {swa(r, random_block_size(r))});
       s.config.retention_interval = r.chance(1, 2) ? 0 : s.config.scheduler_block_size * r.between(1, 4);
       s.features.add({Feature::shared_prefixes, Feature::twins});
     }},
    {"chunked", "Chunked local attention.",
     [](Scenario& s, Random& r) { use(s, r, {chunked(r, random_block_size(r))}, Eagle::off); }},
    {"mamba_none", "State-space layers that keep the running state.",
     [](Scenario& s, Random& r) { use(s, r, {mamba(r, MambaCacheMode::none, random_block_size(r), 0, 2)}); }},
    {"mamba_align", "State-space layers that keep a state per scheduler block.",
     [](Scenario& s, Random& r) { use(s, r, {mamba(r, MambaCacheMode::align, random_block_size(r), 0, 0)}); }},
    {"mamba_align_spec", "The same with speculative states.",
     [](Scenario& s, Random& r) {
       use(s, r, {mamba(r, MambaCacheMode::align, random_block_size(r), 1, 3)});
       s.features.add({Feature::drafts});
     }},
    {"mamba_all", "State-space layers that keep a state per block.",
     [](Scenario& s, Random& r) { use(s, r, {mamba(r, MambaCacheMode::all, random_block_size(r), 0, 2)}); }},

    // ---- Several groups ----
    {"full_swa", "Full attention and a sliding window.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       use(s, r, {full(b), swa(r, b)}, Eagle::off);
     }},
    {"full_swa_eagle", "The same with EAGLE, flagged or not.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       const Eagle eagle = r.chance(1, 2) ? Eagle::all : Eagle::one;
       use(s, r, {full(b), swa(r, b)}, eagle);
       s.features.add({Feature::drafts, Feature::shared_prefixes});
     }},
    {"full_swa_retention", "The same with a retention interval.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       use(s, r, {full(b), swa(r, b)});
       s.config.retention_interval = r.chance(1, 2) ? 0 : s.config.scheduler_block_size * r.between(1, 4);
       s.features.add({Feature::shared_prefixes, Feature::twins});
     }},
    {"full_swa_lcm", "The same with blocks of two sizes.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = r.between(1, 4);
       use(s, r, {full(b * r.between(1, 3)), swa(r, b * r.between(1, 4))});
     }},
    {"full_2swa", "Full attention and two windows.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       use(s, r, {full(b), swa(r, b), swa(r, b)}, Eagle::off);
     }},
    {"full_2swa_eagle", "The same with EAGLE: no, one or several groups flagged.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       constexpr std::array kinds{Eagle::all, Eagle::one, Eagle::several};
       const Eagle eagle = kinds[r.below(3)];
       use(s, r, {full(b), swa(r, b), swa(r, b)}, eagle);
       s.features.add({Feature::drafts, Feature::lookahead, Feature::shared_prefixes});
     }},
    {"full_2swa_same", "Full attention and two groups of one window.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       const GroupSpec window = swa(r, b);
       use(s, r, {full(b), window, window});
     }},
    {"swa_full_order", "Windows before and behind full attention.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       use(s, r, {swa(r, b), full(b), swa(r, b)});
     }},
    {"swa_swa", "Two windows and no full attention.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       use(s, r, {swa(r, b), swa(r, b)});
     }},
    {"full_chunked", "Full attention and chunks.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       use(s, r, {full(b), chunked(r, b)});
     }},
    {"full_full_swa", "Two specs of full attention, of one block size or two, and a window.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = r.between(1, 4);
       use(s, r, {full(b * r.between(1, 2)), r.chance(1, 2) ? mla(b) : full(b * r.between(1, 2)), swa(r, b)});
     }},
    {"full_mamba_none", "Full attention and running states.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       use(s, r, {full(b), mamba(r, MambaCacheMode::none, b, 0, 2)});
     }},
    {"full_mamba_align", "Full attention and a state per scheduler block.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       use(s, r, {full(b), mamba(r, MambaCacheMode::align, b, 0, 0)}, Eagle::off);
     }},
    {"full_mamba_align_spec", "The same with speculative states and EAGLE.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       use(s, r, {full(b), mamba(r, MambaCacheMode::align, b, 1, 3)}, Eagle::all);
       s.features.add({Feature::drafts, Feature::shared_prefixes});
     }},
    {"full_mamba_all", "Full attention and a state per block, in two groups.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       const GroupSpec states = mamba(r, MambaCacheMode::all, b, 0, 0);
       use(s, r, {full(b), states, states}, Eagle::off);
     }},
    {"full_mamba_all_spec", "The same with speculative states and EAGLE.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       use(s, r, {full(b), mamba(r, MambaCacheMode::all, b, 1, 3)}, Eagle::all);
       s.features.add({Feature::drafts, Feature::shared_prefixes});
     }},
    {"full_mamba_lcm", "States of larger blocks than full attention has.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = r.between(1, 4);
       use(s, r, {full(b), random_group(r, GroupKind::mamba, b * r.between(2, 4))});
     }},
    {"full_swa_mamba_align", "Full attention, a window and states.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       use(s, r, {full(b), swa(r, b), mamba(r, MambaCacheMode::align, b, 0, 1)});
     }},
    {"big_gemma", "Full attention and five groups of one window.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       const GroupSpec window = swa(r, b);
       use(s, r, {full(b), window, window, window, window, window}, Eagle::off);
       resize_model_len(s.config, r, 3, 6);
       resize_pool(s.config, r.between(60, 200));
     }},
    {"big_deepseek", "Four groups of MLA and windows, each of its own block size.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = r.between(1, 2);
       const Eagle eagle = r.chance(1, 2) ? Eagle::one : Eagle::off;
       use(s, r, {mla(8 * b), swa_mla(r, 4 * b), swa_mla(r, 2 * b), swa_mla(r, b)}, eagle);
       resize_pool(s.config, r.between(120, 200));
     }},
    {"mix", "One to five groups of any kinds.",
     [](Scenario& s, Random& r) { use(s, r, random_groups(r, true)); }},

    // ---- Caching off ----
    {"nocache", "Prefix caching off.", [](Scenario& s, Random& r) { use_uncached(s, r, {full(random_block_size(r))}); }},
    {"nocache_hybrid", "Prefix caching off, with any groups.",
     [](Scenario& s, Random& r) { use_uncached(s, r, random_groups(r, false)); }},
    {"nocache_cross", "Cross attention to an encoder.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       use_uncached(s, r, {full(b), plain(GroupKind::cross, b * r.between(1, 2))});
     }},
    {"nocache_zero_groups", "No groups at all.", [](Scenario& s, Random& r) { use_uncached(s, r, {}); }},

    // ---- Ways of using them ----
    {"context_parallel", "Decode and prefill context parallelism, which widen the blocks.",
     [](Scenario& s, Random& r) {
       s.config.dcp_world_size = r.between(1, 3);
       s.config.pcp_world_size = s.config.dcp_world_size == 1 ? 2 : r.between(1, 2);
       const std::int64_t b = r.between(1, 4);
       use(s, r, {r.chance(1, 3) ? mla(b) : full(b)});
     }},
    {"connector", "Tokens loaded from elsewhere, at once or while other requests run.",
     [](Scenario& s, Random& r) {
       use(s, r, {full(random_block_size(r))});
       s.features.add(loads);
     }},
    {"hybrid_connector", "The same with several groups in a small pool.",
     [](Scenario& s, Random& r) {
       const std::int64_t b = random_block_size(r);
       switch (r.below(4)) {
         case 0:
           use(s, r, {full(b), mamba(r, MambaCacheMode::align, b, 0, 2)});
           break;
         case 1:
           use(s, r, random_groups(r, true));
           break;
         default:
           use(s, r, {full(b), swa(r, b)});
       }
       resize_pool(s.config, r.between(60, 150));
       s.features.add(loads);
       s.features.remove({Feature::mistakes, Feature::pool_level, Feature::preempt_all});
     }},
    {"async", "The next step is scheduled before the last one's token is known.",
     [](Scenario& s, Random& r) {
       if (r.chance(1, 2)) use(s, r, random_groups(r, true));
       s.features.add({Feature::async_scheduling});
       s.features.remove({Feature::drafts});
     }},
    {"multimodal", "Items that overlap block edges, LoRA, salts.",
     [](Scenario& s, Random& r) {
       use(s, r, r.chance(1, 2) ? GroupSpecs{full(random_block_size(r))} : random_groups(r, true));
       s.config.events = true;
       s.features.add({Feature::multimodal, Feature::lora, Feature::salts, Feature::shared_prefixes});
     }},
    {"embeddings", "Prompts given as embeddings.",
     [](Scenario& s, Random& r) {
       use(s, r, r.chance(1, 2) ? GroupSpecs{full(random_block_size(r))} : random_groups(r, true));
       s.features.add({Feature::embeddings, Feature::shared_prefixes});
     }},
    {"weak_hash", "Hashes of a few bits, so that different blocks share a key.",
     [](Scenario& s, Random& r) {
       use(s, r, r.chance(1, 2) ? GroupSpecs{full(random_block_size(r))} : random_groups(r, true));
       s.config.hash_bits = r.between(2, 6);
     }},
    {"events", "Events on, as integers and as bytes, with everything that emits them.",
     [](Scenario& s, Random& r) {
       use(s, r, r.chance(1, 2) ? GroupSpecs{full(random_block_size(r))} : random_groups(r, true));
       s.config.events = true;
       s.features.add({Feature::eviction, Feature::preempt_all, Feature::lora});
     }},
    {"tiny", "Pools of a few blocks: nearly every allocation is refused or evicts.",
     [](Scenario& s, Random& r) {
       use(s, r, r.chance(1, 2) ? GroupSpecs{full(r.between(1, 3))} : random_groups(r, true));
       s.config.num_blocks = r.between(1, 5);
       resize_model_len(s.config, r, 1, 5);
     }},
    {"large", "Larger pools, longer sequences, more requests at once.",
     [](Scenario& s, Random& r) {
       s.num_requests = static_cast<std::uint64_t>(r.between(9, 40));
       resize_model_len(s.config, r, 8, 20);
       resize_pool(s.config, r.between(200, 500));
     }},
    {"pool", "A caller beside the requests, and many mistakes.",
     [](Scenario& s, Random& r) {
       if (r.chance(1, 2)) use(s, r, random_groups(r, true));
       s.features.add({Feature::pool_level, Feature::mistakes, Feature::eviction, Feature::stale_hits});
     }},
    {"invalid", "Configurations that break a rule, which both must reject for the same reason.",
     [](Scenario& s, Random& r) {
       if (r.chance(2, 3)) set_groups(s.config, r, random_groups(r, s.config.enable_caching));
       spoil(s.config, r);
     },
     false},
});

}  // namespace

std::span<const Preset> presets() { return all_presets; }

}  // namespace kvspec::fuzz

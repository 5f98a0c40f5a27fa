#include "fuzz/cuda/cuda_manager.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "fuzz/cuda/checked_pages.hpp"
#include "fuzz/watch/watch.hpp"
#include "impl/cuda/hashing/block_hashing.hpp"
#include "impl/cuda/index/prefix_index.hpp"

namespace kvspec::fuzz {

using S = Growing;

namespace {

std::mutex past_mutex;
PartsUse past_use;

}  // namespace

PartsUse use_of_parts() {
  const std::lock_guard lock(past_mutex);
  return past_use;
}

class CudaManager::Parts {
 public:
  Parts(cuda::Stream opened, const Config<S>& config)
      : stream(std::move(opened)), pages(make_pages(config)), watch(config, pages ? &*pages : nullptr) {
    left_out += pages ? 0 : 1;
    if (!config.enable_caching) return;
    if (cuda::BlockHashing::supports(config.hash_fn)) hashing.emplace(stream, config);
    left_out += hashing ? 0 : 1;
    std::int64_t most_digests = 1;
    for (const GroupSpec& spec : config.groups) {
      most_digests = std::max(most_digests, config.effective_block_size(spec) / config.hash_block_size);
    }
    if (fits(static_cast<std::size_t>(config.num_blocks * most_digests) * sizeof(cuda::DigestWords))) {
      index.emplace(stream, config);
    }
    left_out += index ? 0 : 1;
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() {
    const PartsUse mine = use();
    const std::lock_guard lock(past_mutex);
    past_use.digests += mine.digests;
    past_use.look_ups += mine.look_ups;
    past_use.readings += mine.readings;
    past_use.left_out += mine.left_out;
  }

  PartsUse use() const { return {num_digests, num_look_ups, pages ? pages->num_readings() : 0, left_out}; }

  // Brings the index up to date with the host's.
  void follow(const host::HashIndex& host) {
    if (!index || (changes.blocks.empty() && !changes.cleared)) return;
    index->update(host, std::exchange(changes, {}));
  }

  cuda::Stream stream;
  std::optional<CheckedPages> pages;
  Watch watch;
  std::optional<cuda::BlockHashing> hashing;
  std::optional<cuda::PrefixIndex> index;
  host::HashIndex::Changes changes;  // that the index has not taken over
  std::vector<cuda::PageFault> faults;
  std::uint64_t num_digests = 0;
  std::uint64_t num_look_ups = 0;
  std::uint64_t left_out = 0;

 private:
  static bool fits(std::size_t bytes) { return bytes <= most_bytes; }
  std::optional<CheckedPages> make_pages(const Config<S>& config) {
    const cuda::PageLayout layout = CheckedPages::layout_of(config);
    if (!fits(std::size_t{layout.num_blocks} * layout.page_bytes)) return std::nullopt;
    return std::optional<CheckedPages>(std::in_place, stream, config);
  }
};

CudaManager::CudaManager() = default;
CudaManager::CudaManager(host::Manager manager) : host::Manager(std::move(manager)) {}
CudaManager::CudaManager(CudaManager&&) noexcept = default;
CudaManager& CudaManager::operator=(CudaManager&&) noexcept = default;
CudaManager::~CudaManager() = default;

Result<CudaManager> CudaManager::create(const Config<S>& config, cuda::Place place) {
  Result<host::Manager> manager = host::Manager::create(config);
  if (!manager) return manager.error();
  Result<cuda::Stream> stream = cuda::Stream::open(place);
  if (!stream) return stream.error();
  CudaManager made(std::move(manager.value()));
  made.parts_ = std::make_unique<Parts>(std::move(stream.value()), config);
  const Result<Done> done = made.parts_->stream.finish();
  if (!done) return done.error();
  made.follow_index();
  return made;
}

template <class C>
CudaManager::Answer<C> CudaManager::step(const C& command) {
  Answer<C> answer = Manager::step(command);
  host::HashIndex::Changes changes = take_index_changes();
  if (changes.cleared) parts_->changes = {.cleared = true};
  parts_->changes.blocks.insert(parts_->changes.blocks.end(), changes.blocks.begin(), changes.blocks.end());
  // What is watched is what the coordinator itself answers: that is what its blocks follow from.
  (void)parts_->watch.saw(static_cast<const Manager&>(*this), command, answer);
  if (answer) revise(command, answer.value());
  const std::optional<BlockId> differing = parts_->pages ? parts_->pages->differing_block() : std::nullopt;
  // A device that has failed shows nothing, which is no judgement of what its pages hold.
  if (!parts_->stream.ok()) return parts_->stream.finish().error();
  if (differing) return Error{Clause::i9, *differing};
  return answer;
}

const std::vector<cuda::PageFault>& CudaManager::page_faults() const {
  return parts_->pages ? parts_->pages->faults() : parts_->faults;
}

PartsUse CudaManager::use() const { return parts_->use(); }

cuda::Stream& CudaManager::stream() { return parts_->stream; }

// The digests of a request from `first` on, made once more by the device. Recorded: each block that is appended, but
// for the first of the request, considers the last item alone, so that the first is a run of its own. [DEV-04]
std::vector<host::Hash256> CudaManager::hash_again(const RequestId<S>& req, std::size_t first, bool is_appended) {
  const host::Request& request = this->request(*find_request(req));
  const std::size_t size = static_cast<std::size_t>(hash_block_size());
  const std::size_t end = request.digests.size();
  const bool some_are_spared = is_appended && !config().is_sound();
  const auto add = [&](std::size_t from, std::size_t to) {
    host::HashRun run{};
    run.tokens = std::span<const Token>(request.tokens).subspan(from * size, (to - from) * size);
    run.block_size = size;
    run.start = static_cast<std::int64_t>(from * size);
    run.parent = from == 0 ? nullptr : &request.digests[from - 1];
    run.only_last_item = from > 0 && some_are_spared;
    return parts_->hashing->add(run, request.keys).ok();
  };
  const std::size_t middle = first == 0 && some_are_spared ? 1 : end;
  // What is too long for the device is so in every run. [DEVICE-06]
  if (!add(first, middle) || !add(middle, end)) {
    return {request.digests.begin() + static_cast<std::ptrdiff_t>(first), request.digests.end()};
  }
  parts_->hashing->hash();
  parts_->num_digests += end - first;
  return parts_->hashing->read();
}

void CudaManager::revise(const AddRequest<S>& command, AddRequest<S>::Observation& answer) {
  if (!parts_->hashing || answer.block_hashes.empty()) return;
  answer.block_hashes.clear();
  for (const host::Hash256& hash : hash_again(command.req, 0, false)) {
    answer.block_hashes.push_back(host::to_digest(hash, sizeof(hash)));
  }
}

void CudaManager::revise(const AppendTokens<S>& command, AppendTokens<S>::Observation& answer) {
  if (!parts_->hashing || answer.new_block_hashes.empty()) return;
  const std::size_t all = request(*find_request(command.req)).digests.size();
  const std::vector<host::Hash256> hashes = hash_again(command.req, all - answer.new_block_hashes.size(), true);
  answer.new_block_hashes.clear();
  for (const host::Hash256& hash : hashes) answer.new_block_hashes.push_back(host::to_digest(hash, sizeof(hash)));
}

void CudaManager::revise(const GetComputedBlocks<S>& command, GetComputedBlocks<S>::Observation& answer) {
  const host::Request& request = this->request(*find_request(command.req));
  if (!parts_->index || request.skip_reading_prefix_cache) return;
  parts_->follow(index());
  const cuda::PrefixIndex::Request wanted{request.digests, static_cast<std::uint32_t>(request.tokens.size())};
  const std::vector<cuda::PrefixIndex::Hit> hits = parts_->index->look_up(std::span(&wanted, 1));
  ++parts_->num_look_ups;
  answer.num_computed_tokens = hits[0].num_tokens;
  answer.blocks = hits[0].blocks;
}

View<S> CudaManager::view() const {
  View<S> view = Manager::view();
  show_index(view.state);
  return view;
}

void CudaManager::show_index(StateDump<S>& state) const {
  if (!parts_->index) return;
  parts_->follow(index());
  std::vector<cuda::PrefixIndex::Held> held = parts_->index->read();
  if (!parts_->stream.ok()) return;  // the next command says so
  const bool is_short = !cuda::BlockHashing::supports(config().hash_fn);
  BlockKeys<S>& hashes = state.hashes;
  std::erase_if(hashes, [&](const auto& entry) { return index().is_first(entry.block); });
  for (const cuda::PrefixIndex::Held& one : held) {
    OfBlock<BlockKey<S>> entry{one.block, {{}, one.group}};
    host::HashBytes(one.digests, is_short ? 16 : 32).copy_to(entry.value.hash);
    hashes.push_back(std::move(entry));
  }
  std::ranges::sort(hashes, {}, [](const auto& entry) { return entry.block; });
  state.cached_map_size = static_cast<Count>(held.size());
}

#define KVSPEC_STEP(C) template CudaManager::Answer<C<S>> CudaManager::step(const C<S>&)
KVSPEC_STEP(AddRequest);
KVSPEC_STEP(AppendTokens);
KVSPEC_STEP(GetComputedBlocks);
KVSPEC_STEP(AllocateSlots);
KVSPEC_STEP(CacheBlocks);
KVSPEC_STEP(Free);
KVSPEC_STEP(RemoveSkippedBlocks);
KVSPEC_STEP(EvictBlocks);
KVSPEC_STEP(ResetPrefixCache);
KVSPEC_STEP(NewStepStarts);
KVSPEC_STEP(TakeNewBlockIds);
KVSPEC_STEP(TakeEvents);
KVSPEC_STEP(GetNumCommonPrefixBlocks);
KVSPEC_STEP(GetBlockIds);
KVSPEC_STEP(TakeStats);
KVSPEC_STEP(DumpState);
KVSPEC_STEP(PoolGetNewBlocks);
KVSPEC_STEP(PoolTouch);
KVSPEC_STEP(PoolFreeBlocks);
KVSPEC_STEP(PoolCacheFullBlocks);
KVSPEC_STEP(PoolGetCachedBlock);
#undef KVSPEC_STEP

}  // namespace kvspec::fuzz

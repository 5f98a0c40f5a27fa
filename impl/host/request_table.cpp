#include "impl/host/request_table.hpp"

#include <functional>
#include <utility>

namespace kvspec::host {

std::uint32_t RequestTable::hash_of(std::string_view id) {
  const std::uint64_t hash = std::hash<std::string_view>()(id);
  return static_cast<std::uint32_t>(hash ^ hash >> 32);
}

std::size_t RequestTable::find_slot(std::string_view id, std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t position = hash & mask;
  while (slots_[position].handle != none) {
    if (slots_[position].hash == hash && requests_[slots_[position].handle]->id == id) break;
    position = (position + 1) & mask;
  }
  return position;
}

std::optional<RequestHandle> RequestTable::find(std::string_view id) const {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[find_slot(id, hash_of(id))];
  if (slot.handle == none) return std::nullopt;
  return slot.handle;
}

void RequestTable::grow() {
  constexpr std::size_t smallest = 16;
  std::vector<Slot> old(slots_.empty() ? smallest : 2 * slots_.size());
  std::swap(old, slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.handle == none) continue;
    std::size_t position = slot.hash & mask;
    while (slots_[position].handle != none) position = (position + 1) & mask;
    slots_[position] = slot;
  }
}

RequestHandle RequestTable::add(std::string_view id, std::size_t num_groups) {
  if (2 * (size_ + 1) > slots_.size()) grow();
  RequestHandle handle = static_cast<RequestHandle>(requests_.size());
  if (vacant_.empty()) {
    requests_.push_back(std::make_unique<Request>());
  } else {
    handle = vacant_.back();
    vacant_.pop_back();
  }
  Request& request = *requests_[handle];
  request.id.assign(id);
  request.tables.resize(num_groups);
  request.hit.resize(num_groups);
  const std::uint32_t hash = hash_of(id);
  slots_[find_slot(id, hash)] = {hash, handle};
  ++size_;
  return handle;
}

void RequestTable::erase(RequestHandle handle) {
  Request& request = *requests_[handle];
  const std::size_t mask = slots_.size() - 1;
  // Closes the gap: a later slot of the same run moves into it unless that would put it before its home.
  std::size_t gap = find_slot(request.id, hash_of(request.id));
  for (std::size_t i = (gap + 1) & mask; slots_[i].handle != none; i = (i + 1) & mask) {
    const std::size_t home = slots_[i].hash & mask;
    if (((i - home) & mask) < ((i - gap) & mask)) continue;
    slots_[gap] = slots_[i];
    gap = i;
  }
  slots_[gap] = {};
  --size_;
  request.tokens.clear();
  request.digests.clear();
  request.keys.clear();
  request.forget_blocks();
  vacant_.push_back(handle);
}

}  // namespace kvspec::host

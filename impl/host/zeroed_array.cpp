#include "impl/host/zeroed_array.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace kvspec::host {
namespace {

constexpr std::size_t mapped_from = std::size_t{64} << 10;
constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr std::size_t line = 64;

// In front of every block of memory: where it really starts and how long it really is.
struct alignas(line) Header {
  void* start;
  std::size_t length;
};
static_assert(sizeof(Header) == line);

// The address in [start, ...) at which the user's bytes begin when a Header must fit before it.
void* place(void* start, std::size_t length, std::size_t alignment) {
  const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(start) + sizeof(Header);
  const std::uintptr_t aligned = (first + alignment - 1) / alignment * alignment;
  void* const user = static_cast<char*>(start) + (aligned - reinterpret_cast<std::uintptr_t>(start));
  new (static_cast<char*>(user) - sizeof(Header)) Header{start, length};
  return user;
}

Header& header_of(void* memory) {
  return *std::launder(reinterpret_cast<Header*>(static_cast<char*>(memory) - sizeof(Header)));
}

}  // namespace

void* acquire_zeroed(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  if (bytes < mapped_from) {
    const std::size_t length = bytes + 2 * line;
    void* const start = std::calloc(1, length);
    if (start == nullptr) throw std::bad_alloc();
    return place(start, length, line);
  }
  const std::size_t alignment = bytes >= huge_page ? huge_page : line;
  const std::size_t length = bytes + sizeof(Header) + alignment;
  void* const start = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (bytes >= huge_page) static_cast<void>(madvise(start, length, MADV_HUGEPAGE));
#endif
  return place(start, length, alignment);
}

void release_zeroed(void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr) return;
  const Header header = header_of(memory);
  if (bytes < mapped_from) {
    std::free(header.start);
  } else {
    munmap(header.start, header.length);
  }
}

void clear_zeroed(void* memory, std::size_t bytes) noexcept {
  if (bytes != 0) std::memset(memory, 0, bytes);
}

}  // namespace kvspec::host

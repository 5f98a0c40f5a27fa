// Arrays of zeroes, at the sizes at which they are made in another way.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "impl/host/zeroed_array.hpp"

namespace kvspec::host {
namespace {

bool all_are(const ZeroedArray<std::uint64_t>& array, std::uint64_t value) {
  return std::ranges::all_of(array.view(), [&](std::uint64_t word) { return word == value; });
}

TEST(HostZeroedArray, IsAlignedZeroedAndItsOwn) {
  constexpr std::size_t kib = 1024;
  for (const std::size_t bytes :
       {kib / 128, kib, 64 * kib - 8, 64 * kib, 64 * kib + 8, 2048 * kib - 8, 2048 * kib, 2048 * kib + 8, 5000 * kib}) {
    SCOPED_TRACE(bytes);
    for (int again = 0; again < 2; ++again) {  // memory that was given back may come again
      ZeroedArray<std::uint64_t> array(bytes / 8);
      ASSERT_EQ(array.size(), bytes / 8);
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(array.data()) % 64, 0U);
      ASSERT_TRUE(all_are(array, 0));
      for (std::size_t i = 0; i < array.size(); ++i) array[i] = ~std::uint64_t{0};
      ZeroedArray<std::uint64_t> other = std::move(array);
      ASSERT_EQ(array.size(), 0U);
      ASSERT_TRUE(all_are(other, ~std::uint64_t{0}));
      ZeroedArray<std::uint64_t> third(3);
      third = std::move(other);
      ASSERT_EQ(third.size(), bytes / 8);
      third.clear();
      ASSERT_TRUE(all_are(third, 0));
    }
  }
}

TEST(HostZeroedArray, MayBeEmpty) {
  ZeroedArray<std::uint64_t> array(0);
  EXPECT_EQ(array.size(), 0U);
  array.clear();
  ZeroedArray<std::uint64_t> other;
  EXPECT_EQ(other.size(), 0U);
  other = std::move(array);
  EXPECT_TRUE(other.view().empty());
}

}  // namespace
}  // namespace kvspec::host

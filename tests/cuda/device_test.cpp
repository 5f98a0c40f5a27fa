// The device layer, in both places.
#include "impl/cuda/device.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/cuda/places.hpp"

namespace kvspec::cuda {
namespace {

class DeviceLayer : public InPlace {};
KVSPEC_IN_PLACES(DeviceLayer);

TEST_P(DeviceLayer, CopiesInAndOut) {
  std::vector<std::uint32_t> values(1000);
  std::iota(values.begin(), values.end(), 7U);
  Buffer<std::uint32_t> first;
  first.assign(stream, values);
  Buffer<std::uint32_t> second(stream, values.size());
  stream.fill(second.data(), 0xab, values.size() * sizeof(std::uint32_t));
  EXPECT_EQ(second.read(stream, 2), (std::vector<std::uint32_t>{0xababababU, 0xababababU}));
  stream.copy(second.data(), first.data(), values.size() * sizeof(std::uint32_t));
  EXPECT_EQ(second.read(stream, values.size()), values);
}

TEST_P(DeviceLayer, ABufferGrowsWhenItMust) {
  Buffer<std::uint64_t> buffer;
  buffer.assign(stream, std::vector<std::uint64_t>{1, 2});
  const std::uint64_t* const before = buffer.data();
  buffer.assign(stream, std::vector<std::uint64_t>{3});
  EXPECT_EQ(buffer.data(), before);
  buffer.assign(stream, std::vector<std::uint64_t>(100, 5));
  EXPECT_GE(buffer.size(), 100U);
  EXPECT_EQ(buffer.read(stream, 100), std::vector<std::uint64_t>(100, 5));
}

TEST_P(DeviceLayer, TimeIsNotNegative) {
  Stopwatch watch(stream);
  watch.start();
  EXPECT_GE(watch.stop(), 0.0);
}

// Covers: DEVICE-04
TEST_P(DeviceLayer, WhatDoesNotFitFailsTheStreamAndLaterWorkIsLeftOut) {
  Stream other = std::move(Stream::open(GetParam()).value());
  std::vector<std::uint32_t> value{1};
  Buffer<std::uint32_t> small;
  small.assign(other, value);
  const Buffer<std::uint64_t> large(other, std::size_t{1} << 56);
  EXPECT_EQ(large.data(), nullptr);
  EXPECT_EQ(large.size(), 0U);
  const Result<Done> done = other.finish();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().clause, Clause::device_04);
  EXPECT_GT(done.error().offending, 0);

  other.copy_out(value.data(), small.data(), sizeof(std::uint32_t));
  other.fail({Clause::device_05, 1});
  EXPECT_EQ(other.finish(), done) << "the first failure stays";
}

// Covers: DEVICE-01, DEVICE-02, DEVICE-03
TEST(Device, IsOpenedOrRefusedWithTheReason) {
  const Result<Stream> opened = Stream::open(Place::device);
  EXPECT_TRUE(Stream::open(Place::host));
  EXPECT_EQ(describe(Place::host), "host");
  if (!built_with_cuda()) {
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error(), (Error{Clause::device_01, 0}));
    EXPECT_EQ(describe(Place::device), "no CUDA in this build");
  } else if (!opened) {
    EXPECT_TRUE(opened.error().clause == Clause::device_02 || opened.error().clause == Clause::device_03);
  } else {
    EXPECT_TRUE(opened.value().on_device());
  }
}

// The numbers are the CUDA runtime's. Covers: DEVICE-02, DEVICE-03, DEVICE-04, DEVICE-05
TEST(Device, ErrorsOfTheRuntimeHaveClauses) {
  EXPECT_EQ(error_of(2, 4096), (Error{Clause::device_04, 4096}));
  EXPECT_EQ(error_of(100), (Error{Clause::device_02, 100}));
  EXPECT_EQ(error_of(35), (Error{Clause::device_02, 35}));
  EXPECT_EQ(error_of(209), (Error{Clause::device_03, 0}));
  EXPECT_EQ(error_of(700), (Error{Clause::device_05, 700}));
}

}  // namespace
}  // namespace kvspec::cuda

// The places that the tests of impl/cuda/ run in: the host always, the device where there is one.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "impl/cuda/device.hpp"

namespace kvspec::cuda {

// A test of this kind runs in both places; on the device it is skipped where none can be opened, and says why.
class InPlace : public testing::TestWithParam<Place> {
 protected:
  void SetUp() override {
    Result<Stream> opened = Stream::open(GetParam());
    if (!opened) GTEST_SKIP() << describe(opened.error().clause).sentence;
    stream = std::move(opened.value());
  }
  // Nothing of what was asked of the stream has failed.
  void TearDown() override {
    const Result<Done> done = stream.finish();
    if (!done) ADD_FAILURE() << describe(done.error().clause).id << ", offending " << done.error().offending;
  }

  Stream stream;
};

inline std::string place_name(const testing::TestParamInfo<Place>& info) {
  return info.param == Place::host ? "Host" : "Device";
}

}  // namespace kvspec::cuda

// In both places.
#define KVSPEC_IN_PLACES(suite)                                                                                        \
  INSTANTIATE_TEST_SUITE_P(Places, suite, testing::Values(::kvspec::cuda::Place::host, ::kvspec::cuda::Place::device), \
                           ::kvspec::cuda::place_name)

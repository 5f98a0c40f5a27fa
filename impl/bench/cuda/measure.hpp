// How the parts on a device are measured, and a line of the table.
//
// A measurement is repeated after two runs that do not count; the median is what is reported, with the fastest and the
// slowest beside it. Time is the device's own, between two events around the work. Next to each rate stands the ceiling
// that was measured on the same card in the same run, so that the last column says how far there is to go.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "impl/cuda/device.hpp"

namespace kvspec::cuda::bench {

struct Times {
  double median = 0;  // milliseconds
  double least = 0;
  double most = 0;
};

inline constexpr int repetitions = 11;
inline constexpr int warm_up = 2;

template <class F>
Times measure(Stream& stream, F&& work) {
  Stopwatch watch(stream);
  std::array<double, repetitions> times{};
  for (int i = -warm_up; i < repetitions; ++i) {
    watch.start();
    work();
    const double time = watch.stop();
    if (i >= 0) times[static_cast<std::size_t>(i)] = time;
  }
  std::ranges::sort(times);
  return {times[repetitions / 2], times.front(), times.back()};
}

// What can be done at most, per second.
struct Ceilings {
  double compressions = 0;  // of SHA-256, in a kernel that does nothing else
  double reads = 0;         // of 32 bytes at random places of as much memory as the look-up reads
  double copied = 0;        // bytes read and written by the runtime's copy
  double filled = 0;        // bytes written by the runtime's fill
};
Ceilings measure_ceilings(Stream& stream);

// `count` things were done in the time; `ceiling` is how many a second there can be.
inline void print_line(const char* what, std::uint64_t size, const Times& times, double count, const char* unit,
                       double ceiling) {
  const double rate = count / (times.median * 1e-3);
  std::printf("%-34s %11llu  %9.4f ms [%9.4f, %9.4f]  %10.4g %-15s ceiling %10.4g  %5.1f %%\n", what,
              static_cast<unsigned long long>(size), times.median, times.least, times.most, rate, unit, ceiling,
              100 * rate / ceiling);
  std::fflush(stdout);
}

void measure_hashing(Stream& stream, const Ceilings& ceilings);
void measure_look_up(Stream& stream, const Ceilings& ceilings);
void measure_pages(Stream& stream, const Ceilings& ceilings);

// 64 well-mixed bits of a number: the data that is measured with.
KVSPEC_EXEC inline std::uint64_t mixed(std::uint64_t x) {
  x = (x + 0x9e3779b97f4a7c15U) * 0xbf58476d1ce4e5b9U;
  x = (x ^ x >> 29) * 0x94d049bb133111ebU;
  return x ^ x >> 32;
}

}  // namespace kvspec::cuda::bench

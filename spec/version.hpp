// The version of the specification as a whole. The trace format carries its own version (spec/trace/trace.hpp).
#pragma once

namespace kvspec {

inline constexpr int version_major = 0;
inline constexpr int version_minor = 1;
inline constexpr int version_patch = 0;
inline constexpr const char* version_string = "0.1.0";

}  // namespace kvspec

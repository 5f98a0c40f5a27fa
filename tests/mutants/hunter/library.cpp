#include <dlfcn.h>

#include "tests/mutants/hunter/loaded.hpp"

namespace kvspec::mutants {
namespace {

const SubjectLibrary* loaded = nullptr;

}  // namespace

const SubjectLibrary& library() { return *loaded; }

// Never closed: what it made may outlive everything else.
std::string load(const std::string& file) {
  void* const handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return dlerror();
  using Entry = const SubjectLibrary* (*)();
  const Entry entry = reinterpret_cast<Entry>(dlsym(handle, "kvspec_subject_library"));
  if (entry == nullptr) return dlerror();
  loaded = entry();
  return {};
}

}  // namespace kvspec::mutants

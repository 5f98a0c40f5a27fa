// Work that may crash or never end, in a process of its own.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <string>

namespace kvspec::mutants {

struct Ending {
  bool answered = false;
  std::string answer{};  // if answered
  int signal = 0;        // that ended it otherwise; SIGPROF: it ran into its limit
};

// Runs `work` in a child of this process and gives what it returns. The child has as much processor time as it last
// asked for with may_run_for.
Ending isolated(double seconds, const std::function<std::string()>& work);

// In such a child: from now on so many seconds of processor time.
void may_run_for(double seconds);

// Seconds of processor time that this process has used, and those of its children that have ended.
double processor_seconds();

// "crash (segmentation fault)" and the like.
std::string text_of_signal(int signal);

// A T in memory that children share with their parent.
template <class T>
class Shared {
 public:
  Shared() : value_(new(map(sizeof(T))) T{}) {}
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { unmap(value_, sizeof(T)); }
  T& operator*() const { return *value_; }
  T* operator->() const { return value_; }

 private:
  T* value_;

  static void* map(std::size_t size);
  static void unmap(void* memory, std::size_t size);
};

void* map_shared(std::size_t size);
void unmap_shared(void* memory, std::size_t size);

template <class T>
void* Shared<T>::map(std::size_t size) {
  return map_shared(size);
}
template <class T>
void Shared<T>::unmap(void* memory, std::size_t size) {
  unmap_shared(memory, size);
}

}  // namespace kvspec::mutants

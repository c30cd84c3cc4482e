#pragma once

// What operations see of a thread: its name (`top -H`, `ps -L`, perf).

#include <string>
#include <string_view>

#include <pthread.h>

namespace runtime {

// Names the calling thread. Linux keeps 15 bytes; the rest is cut (pthread_setname_np(3)).
inline void name_thread(std::string_view name)
{
    ::pthread_setname_np(::pthread_self(), std::string{name.substr(0, 15)}.c_str());
}

}  // namespace runtime

#pragma once

// How glibc's allocator holds this process's memory: a body of some hundred KB goes back to the system when it is done with.
//
// As it comes, the first large block that is freed raises the bound above which blocks are mapped by themselves, up to 32 MB: from
// then on bodies lie in the heap between small things that live long, and their pages stay with the process. And each of many
// threads may get an arena of its own to keep free memory in. RSS after forms of 819 KB at 32 connections: 62 MB so, 41 MB with what is
// set here; dossiers of 12 KB never come near these bounds.
//
// Threads: called once, first thing in main. Errors: none; another allocator takes no notice.

#include <malloc.h>

#include <thread>

namespace runtime {

inline constexpr int mapped_bytes_min = 256 << 10;  // a block from here on is a mapping of its own: above buffers, below large bodies
inline constexpr int trimmed_bytes = 1 << 20;       // so much free at the heap's end is given back

inline void hold_little() noexcept
{
    mallopt(M_MMAP_THRESHOLD, mapped_bytes_min);
    mallopt(M_TRIM_THRESHOLD, trimmed_bytes);
    // One for each core that serves and one for all the others: committer, delivery and the rest allocate seldom at once.
    mallopt(M_ARENA_MAX, static_cast<int>(std::thread::hardware_concurrency()) + 1);
}

}  // namespace runtime

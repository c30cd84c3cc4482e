// ivan-heap: the most heap that one examination holds at once beyond the dossier's body, by both engines, as one line of JSON
// each; and what an idle connection holds, a line each for plain HTTP, TLS, and TLS with a client certificate (`ivan-heap connections
// [COUNT]`: these alone). Every call of malloc and its kin in the process goes by a counter of ours (libxml2's and OpenSSL's too); what is
// counted is what the allocator gave (malloc_usable_size), from where the examination begins to its peak. A first
// examination of a thread makes its buffers: it ("first") and the ones after it are shown apart. What the process makes once
// (algorithms, verdicts on certificates) is made before.
//
// Not counted: stacks, and what the allocator itself keeps beside. Threads: one at a time.

#include "loadtest/bench/stages.hpp"
#include "loadtest/heap/connections.hpp"

#include <malloc.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

namespace
{

std::ptrdiff_t held = 0, most = 0; // plain numbers: one thread
std::size_t calls = 0;

void* taken(void* at)
{
    if (at != nullptr) {
        held += static_cast<std::ptrdiff_t>(malloc_usable_size(at));
        if (held > most) most = held;
        ++calls;
    }
    return at;
}

void given_back(void* at)
{
    if (at != nullptr) held -= static_cast<std::ptrdiff_t>(malloc_usable_size(at));
}

} // namespace

extern "C" {
void* malloc(std::size_t size) noexcept { return taken(__libc_malloc(size)); }
void* calloc(std::size_t count, std::size_t size) noexcept { return taken(__libc_calloc(count, size)); }
void* realloc(void* at, std::size_t size) noexcept
{
    given_back(at);
    auto* const moved = __libc_realloc(at, size);
    if (moved == nullptr && size != 0 && at != nullptr) held += static_cast<std::ptrdiff_t>(malloc_usable_size(at)); // still there
    return taken(moved);
}
void free(void* at) noexcept
{
    given_back(at);
    __libc_free(at);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept { return taken(__libc_memalign(alignment, size)); }
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept { return taken(__libc_memalign(alignment, size)); }
int posix_memalign(void** at, std::size_t alignment, std::size_t size) noexcept
{
    auto* const made = taken(__libc_memalign(alignment, size));
    if (made == nullptr) return ENOMEM;
    *at = made;
    return 0;
}
}

namespace
{

struct Use {
    std::ptrdiff_t peak, kept;
    std::size_t calls;
};

Use use_of(bench::Stage const& stage)
{
    auto const before = held;
    auto const calls_before = calls;
    most = held;
    stage.once();
    return {most - before, held - before, calls - calls_before};
}

void show(char const* engine, std::int64_t people, std::int64_t forms, bench::Stage const& stage)
{
    Use first{}, second{}, third{};
    stage.once();
    std::thread{[&] {
        first = use_of(stage);
        second = use_of(stage);
        third = use_of(stage);
    }}.join();
    auto const peak = second.peak > third.peak ? second.peak : third.peak;
    std::printf("{\"engine\":\"%s\",\"people\":%lld,\"forms\":%lld,\"body_bytes\":%zu,\"first_peak_bytes\":%td,\"thread_keeps_bytes\":%td,"
                "\"peak_bytes\":%td,\"allocations\":%zu}\n",
                engine, static_cast<long long>(people), static_cast<long long>(forms), stage.bytes, first.peak, first.kept, peak, third.calls);
}

std::ptrdiff_t held_now() { return held; }

void show_connections(std::size_t count)
{
    using enum bench::Line;
    for (auto const& [name, line] : {std::pair{"plain", plain}, {"tls", tls}, {"mtls", mutual_tls}, {"mtls_rsa_chain", mutual_tls_chain}}) {
        auto const idle = bench::idle_connections(line, count, held_now);
        std::printf("{\"connections\":\"%s\",\"count\":%zu,\"shaken_heap_bytes\":%.0f,\"shaken_resident_bytes\":%.0f,\"answered_heap_bytes\":%.0f,"
                    "\"answered_resident_bytes\":%.0f}\n",
                    name, count, idle.shaken_heap, idle.shaken_resident, idle.answered_heap, idle.answered_resident);
    }
}

} // namespace

int main(int argc, char** argv)
{
    try {
        bool const connections_alone = argc > 1 && argv[1] == std::string_view{"connections"};
        show_connections(argc > 2 ? std::stoul(argv[2]) : 256);  // first: this process has no threads yet
        if (connections_alone) return 0;
        auto const& world = bench::World::shared();
        for (auto const engine : {intake::Engine::sweep, intake::Engine::tree})
            for (std::int64_t const people : {1000, 100, 10, 1})
                show(engine == intake::Engine::sweep ? "sweep" : "tree", people, 1, bench::examine_stage(world, people, 1, engine));
        show("sweep", 10, 5, bench::examine_stage(world, 10, 5, intake::Engine::sweep));
    } catch (std::exception const& error) {
        std::fprintf(stderr, "ivan-heap: %s\n", error.what());
        return 1;
    }
    return 0;
}

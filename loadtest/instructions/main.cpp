// ivan-instructions: the parts of an examination, once each, for valgrind's callgrind to count. ops/bench instructions runs
// it and reads what callgrind leaves; alone it only says that all parts work.
//
// Counting is off while dossiers are made, and on around the part alone; a part runs twice before it is counted, so that
// what is made once (caches, buffers) is made. Each count is dumped under the name "part/people/bytes".

#include "loadtest/bench/stages.hpp"

#include <cstdio>
#include <exception>
#include <string>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#define IVAN_COUNTS 1
#else
#define IVAN_COUNTS 0
#endif

namespace
{

void count(std::string const& name, std::int64_t people, bench::Stage const& stage)
{
    stage.once();
    stage.once();
    auto const label = name + "/" + std::to_string(people) + "/" + std::to_string(stage.bytes);
#if IVAN_COUNTS
    CALLGRIND_START_INSTRUMENTATION;
    stage.once(); // what callgrind translates, it translates here
    CALLGRIND_ZERO_STATS;
    CALLGRIND_TOGGLE_COLLECT;
    stage.once();
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT(label.c_str());
    CALLGRIND_STOP_INSTRUMENTATION;
#endif
    std::printf("%s\n", label.c_str());
}

bool is_counted(std::string_view name)
{
    for (std::string_view const part : {"scan", "scan_libxml2", "base64", "canonical", "witness", "shape_and_rules", "sweep", "pack_lz4",
                                        "pack_zstd", "unpack_lz4", "unpack_zstd"})
        if (name == part) return true;
    return false;
}

} // namespace

int main()
{
    try {
        auto const& world = bench::World::shared();
        for (std::int64_t const people : {10, 1000})
            for (auto const& row : bench::stage_rows())
                if (is_counted(row.name)) count(row.name, people, row.prepare(world, people));
        for (auto const& row : bench::stage_rows())
            if (std::string_view{row.name} == "receipt_p256") count("seal", 10, row.prepare(world, 10));
        count("certificate_unknown", 0, bench::unknown_certificate_stage(world, 4)); // as often as count() asks
        for (std::int64_t const people : {10, 1000}) {
            count("examine", people, bench::examine_stage(world, people, 1, intake::Engine::sweep));
            count("examine_tree", people, bench::examine_stage(world, people, 1, intake::Engine::tree));
        }
    } catch (std::exception const& error) {
        std::fprintf(stderr, "ivan-instructions: %s\n", error.what());
        return 1;
    }
    return IVAN_COUNTS ? 0 : 77;
}

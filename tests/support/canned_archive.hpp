#pragma once

// An archive that answers what the test put in, and remembers what it was asked. Threads: one.

#include "gateway/store/archive.hpp"

#include <string>
#include <utility>
#include <vector>

namespace support {

class CannedArchive final : public store::Archive {
public:
    template <class T>
    using Task = runtime::Task<store::Result<T>>;

    Task<store::DossierView> by_id(std::string provider, std::string id, runtime::Deadline) override
    {
        asked.push_back("id " + provider + " " + id);
        co_return dossier;
    }
    Task<store::Found> by_content(std::string provider, std::string sha256, runtime::Deadline) override
    {
        asked.push_back("content " + provider + " " + sha256);
        co_return found;
    }
    Task<store::DossierView> by_key(std::string provider, std::string key, runtime::Deadline) override
    {
        asked.push_back("key " + provider + " " + key);
        co_return dossier;
    }
    Task<std::string> receipt(std::string provider, std::string id, runtime::Deadline) override
    {
        asked.push_back("receipt " + provider + " " + id);
        co_return receipt_xml;
    }
    Task<store::LookupView> lookup(std::string case_code, runtime::Deadline) override
    {
        asked.push_back("lookup " + case_code);
        co_return view;
    }
    Task<bool> apply(store::WorkflowEvent event, runtime::Deadline) override
    {
        asked.push_back("apply " + event.event_id);
        // Not `co_return applied`: a Result<bool> converts to bool, and would arrive as its own "has a value".
        if (!applied) co_return applied.error();
        co_return *applied;
    }
    Task<std::vector<store::Notice>> notices(std::string provider, std::int64_t after, std::size_t limit, runtime::Deadline) override
    {
        asked.push_back("notices " + provider + " " + std::to_string(after) + " " + std::to_string(limit));
        if (empty_rounds > 0) {
            --empty_rounds;
            co_return std::vector<store::Notice>{};
        }
        co_return rows;
    }
    Task<void> probe(runtime::Deadline) override { co_return store::Result<void>{}; }

    static store::Failure failure(store::Refusal why) { return {why, "canned"}; }

    store::Result<store::DossierView> dossier = failure(store::Refusal::not_found);
    store::Result<store::Found> found = store::Found{};
    store::Result<std::string> receipt_xml = failure(store::Refusal::not_found);
    store::Result<store::LookupView> view = failure(store::Refusal::not_found);
    store::Result<bool> applied = true;
    store::Result<std::vector<store::Notice>> rows = std::vector<store::Notice>{};
    int empty_rounds = 0;  // of notices(), before `rows` are given
    std::vector<std::string> asked;
};

}  // namespace support

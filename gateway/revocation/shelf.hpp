#pragma once

// All evidence we hold: what the trust directory has (crls/, ocsp/), and what was fetched, kept on disk, so that a
// restart in bad weather begins with the last evidence. Makes the snapshot of it.
//
// Believes nothing it reads: every piece, also one from its own files, is verified by Revocations::make(). What is older
// than what we hold of the same source (CRL number, thisUpdate) is not taken: an old list played back would make revoked
// certificates good again.
//
// Threads: one at a time (the server's thread for what blocks). Errors: words in Put; never throws for what files hold.
// Files: one a source, NAME.evidence, of the shape of kept.hpp; NAME is the hash of its key.

#include "gateway/revocation/kept.hpp"
#include "signing/trust.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace revocation {

// What one fetch brought.
struct Arrival {
    std::string key;
    Kind kind{};
    std::string url;
    std::string bytes;
    Version version;
};

struct Verdict {
    Outcome outcome = Outcome::refused;  // fetched, unchanged or refused
    std::string trouble;
    std::optional<Instant> next_update;  // of what is held of this source now
    Version version;                     // likewise
};

struct Put {
    std::shared_ptr<signing::Revocations const> revocations;
    std::map<std::string, Verdict, std::less<>> verdicts;  // by the arrivals' keys
    std::vector<std::string> troubles;                     // of files and the disk, for the alarm
};

class Shelf {
public:
    Shelf(RevocationConfig const& config, std::filesystem::path trust_directory);  // config outlives the shelf

    // Reads the state folder: what it holds is made into a snapshot by the next put().
    void load();
    // The trust directory was read again, or is read for the first time.
    void read_directory();
    // Takes what arrived and makes the whole anew, against these authorities. `former` shares what is the same, and is
    // the answer where all that arrived is what we hold already.
    [[nodiscard]] Put put(std::vector<Arrival> arrivals, std::vector<std::string> const& authorities,
                          std::shared_ptr<signing::Revocations const> const& former, Instant now);

    struct Known {
        Kind kind{};
        std::string url;
        Instant fetched_at{}, next_update{};
        Version version;
    };
    [[nodiscard]] std::vector<Known> known() const;  // CRLs and deltas that were fetched and verify
    [[nodiscard]] std::size_t bytes() const;

private:
    struct Mark {  // what the last snapshot said of an item
        std::string issuer, number;
        Instant this_update{}, next_update{};
    };
    using Pieces = std::vector<signing::Revocations::Piece>;

    signing::Revocations::Made make(std::vector<std::string> const& authorities, std::shared_ptr<signing::Revocations const> const& former) const;
    [[nodiscard]] std::map<std::string, Mark, std::less<>> marks_of(signing::Revocations const& revocations) const;
    [[nodiscard]] std::filesystem::path file_of(std::string_view key) const;
    void write(std::string const& key, Kept const& item, std::vector<std::string>& troubles) const;
    void drop(std::string const& key);
    void make_room(Instant now);
    void describe(Put& result) const;

    RevocationConfig const& config_;
    std::filesystem::path trust_directory_, state_directory_;
    [[nodiscard]] Version version_of(std::string_view key) const;
    Pieces directory_crls_, directory_ocsp_;
    std::map<std::string, Kept, std::less<>> items_;  // fetched, by key
    std::map<std::string, Mark, std::less<>> marks_;
    std::set<std::string> refused_;  // by the last snapshot: each is logged once
};

}  // namespace revocation

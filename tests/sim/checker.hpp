#pragma once

// The promises, watched from outside: what was answered, what the backend got, what the store holds. The first thing that
// is not as promised ends a world.
//
//   1  a receipt means stored          answered(): its row and its bytes are there; crashed(), closed(): still
//   2  one dossier, one code, one      answered(): always the same bytes, and a duplicate names the original; told(): a question by
//      receipt                         hash finds what is stored; closed(): codes without gaps, none twice, one row a key, and a
//                                      content twice only as a correction
//   4  a refusal is recorded           answered()
//   5  the backend gets each, in       attempted(): one at a time of a unit; took(): in order; closed(): all of them, with the
//      order per unit                  bytes that were sent
//   8  the log is provable             answered(): each receipt names a place of its own; published(), closed(): every head is
//                                      the beginning of the next, each receipt is where it says, places rise without gaps
//
// Threads: one.

#include "gateway/intake/reply.hpp"
#include "tests/sim/sim_store.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace sim {

enum class Call : std::uint8_t { file, ask };  // POST a dossier; GET by the hash of its content

// One dossier as its sender has it.
struct Filing {
    std::uint64_t number = 0;
    std::size_t provider = 0, sample = 0;
    std::string provider_code, key, unit;
    std::shared_ptr<std::string const> body;
    std::string content_sha256;
    bool forged = false;   // a signature does not match: to be refused
    bool xml = false;      // asks for the XML receipt
    bool used_key = false; // other bytes under a key that stands for an accepted dossier already
    bool sent_before = false;  // the bytes of an accepted dossier under a key of their own: a duplicate, unless it corrects
    bool raced = false;        // one of two filings of the same bytes at once: one of them is a duplicate
    std::string corrects;      // Correction-Of; empty: none
    bool corrects_nothing = false;  // and nothing is called so
};

struct Violation {
    int promise = 0;
    std::string what;
};

class Checker {
public:
    explicit Checker(SimStore const& store) : store_{store} {}

    void filed(Filing const& filing);
    void answered(Filing const& filing, intake::Reply const& reply, std::string const& trace_id);
    void heard(Filing const& filing, int status);  // what the sender got

    // A question by hash. What is there before it is asked must be found.
    struct Question {
        std::string dossier_id;  // empty: nothing is accepted
        bool refused = false;
        std::uint64_t starts = 0;  // of the store
    };
    [[nodiscard]] Question asked(Filing const& filing);
    void told(Filing const& filing, Question const& question, intake::Reply const& reply);

    // While it lives, a gateway is handing over a dossier of this unit. Nobody begins one where the gateway that holds the queue,
    // or this one itself, has one under way. A gateway that lost the queue without knowing may have one under way beside the new
    // holder: then the key makes it once, and the order of first arrivals holds all the same.
    class Attempt {
    public:
        Attempt(Checker& checker, std::string unit, std::string worker);
        Attempt(Attempt const&) = delete;
        Attempt& operator=(Attempt const&) = delete;
        ~Attempt();

    private:
        Checker& checker_;
        std::string unit_;
        std::string worker_;
    };

    // The backend has a dossier now, or said so.
    void took(std::string const& dossier_id, std::string const& case_code, std::string_view body);
    void died(std::string const& dossier_id) { excused_.insert(dossier_id); }  // a dead letter lets the next pass

    void published();  // somebody asked for the log's head
    void crashed();    // the database came back
    void closed();     // everything has come to rest

    [[nodiscard]] std::optional<Violation> const& violation() const noexcept { return violation_; }
    void violate(int promise, std::string what);
    [[nodiscard]] std::size_t acknowledged() const noexcept { return receipts_.size(); }
    [[nodiscard]] std::size_t taken() const noexcept { return taken_.size(); }
    // The world's own numbers of dossiers, for the trace; -1: none.
    [[nodiscard]] std::int64_t filing_of(std::string const& dossier_id);
    [[nodiscard]] std::int64_t number_of(std::string const& provider, std::string const& key) const;

private:
    using Key = std::pair<std::string, std::string>;
    struct Receipt {
        std::string dossier_id, case_code, content_sha256, xml, json;
        std::uint64_t filing = 0;
    };
    struct Line {
        std::vector<std::string> dossiers;  // in order of acceptance
        std::size_t first_open = 0;         // all before it are taken or excused
    };
    void still_there();
    void read_lines();
    void codes_without_gaps();
    void everything_delivered();
    void refused_rightly(Filing const& filing, intake::Reply const& reply, std::string const& trace_id);
    void duplicate_of_something(Filing const& filing, boost::json::object const& problem);
    [[nodiscard]] bool content_refused(Filing const& filing) const;
    void place_of_its_own(Filing const& filing, Receipt const& receipt);
    void log_holds();
    void places_without_gaps();

    SimStore const& store_;
    std::map<Key, Receipt> receipts_;
    std::map<Key, std::int64_t> numbers_;
    std::map<std::string, Line> lines_;
    std::unordered_map<std::string, std::size_t> entry_of_;  // dossier id → entry
    std::map<Key, std::size_t> first_of_content_;            // provider, content → entry
    std::size_t lines_read_ = 0;
    std::uint64_t starts_read_ = 0;
    std::set<std::string> excused_;
    std::unordered_map<std::string, std::string> taken_;  // dossier id → case code
    std::map<std::string, std::vector<std::string>> under_way_;  // unit → gateways
    std::vector<Log::Head> heads_;
    std::map<std::uint64_t, std::uint64_t> places_;  // in the log → filing
    std::optional<Violation> violation_;
};

}  // namespace sim

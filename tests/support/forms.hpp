#pragma once

// For tests of schemas and rules: forms of the corpus, one value changed, read and validated as the gateway does.

#include "loadtest/corpus.hpp"
#include "schemas/catalogue.hpp"
#include "schemas/rules.hpp"
#include "schemas/validator.hpp"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test_support {

using namespace std::chrono_literals;

inline constexpr std::chrono::sys_days filing_day{std::chrono::year{2026} / 3 / 16};

inline std::shared_ptr<schemas::Catalogue const> catalogue()
{
    static auto const loaded = schemas::Catalogue::load(IVAN_SOURCE_DIR "/schemas/xsd");
    return loaded;
}

inline std::shared_ptr<schemas::Rules const> rules()
{
    static auto const loaded = schemas::Rules::load(IVAN_SOURCE_DIR "/schemas/rules");
    return loaded;
}

inline loadtest::Corpus corpus_on(std::chrono::sys_days day, std::uint64_t seed = 1)
{
    loadtest::CorpusConfig config;
    config.day = day;
    config.seed = seed;
    return loadtest::Corpus{config};
}

inline std::string replaced(std::string text, std::string_view what, std::string_view by)
{
    auto const at = text.find(what);
    if (at == text.npos) throw std::logic_error("the test finds no " + std::string{what});
    return text.replace(at, what.size(), by);
}

// The first element of this name gets the value; where there is none, one is put before the first `before`.
inline std::string with_value(std::string xml, std::string_view element, std::string_view value, std::string_view before = {})
{
    std::string const open = "<" + std::string{element} + ">", close = "</" + std::string{element} + ">", empty = "<" + std::string{element} + "/>";
    std::string const whole = open + std::string{value} + close;
    if (auto const begin = xml.find(open); begin != xml.npos) return xml.replace(begin, xml.find(close, begin) + close.size() - begin, whole);
    if (xml.find(empty) != xml.npos) return replaced(std::move(xml), empty, whole);
    std::string const next = "<" + std::string{before};
    return replaced(std::move(xml), next, whole + next);
}

inline std::string without(std::string xml, std::string_view element)
{
    std::string const close = "</" + std::string{element} + ">";
    auto const begin = xml.find("<" + std::string{element} + ">"), end = xml.find(close, begin);
    if (begin == xml.npos || end == xml.npos) throw std::logic_error("the test finds no " + std::string{element});
    return xml.erase(begin, end + close.size() - begin);
}

// What the gateway says of an envelope on a day; unsigned, since schemas do not ask.
inline schemas::Result<schemas::Valid> validated(std::string const& envelope, std::chrono::sys_days day = filing_day)
{
    auto read = schemas::read_envelope(envelope, {});
    if (!read) return read.error();
    return schemas::Validator{catalogue(), rules()}.validate(*read, day);
}

inline std::vector<schemas::Finding> findings_of(std::string const& envelope, std::chrono::sys_days day = filing_day)
{
    auto const outcome = validated(envelope, day);
    return outcome ? std::vector<schemas::Finding>{} : outcome.error().findings;
}

inline std::vector<std::string> codes_of(std::vector<schemas::Finding> const& findings)
{
    std::vector<std::string> codes;
    for (auto const& finding : findings) codes.push_back(finding.code);
    return codes;
}

}  // namespace test_support

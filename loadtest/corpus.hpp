#pragma once

// Makes dossiers: people, forms, envelopes, signatures. Deterministic from a seed. Names and numbers are made up
// (formats and check digits hold), and say so.
//
// Threads: a Corpus is one thread's; make several with different seeds.

#include "signing/dev/issuer.hpp"
#include "signing/signer.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace loadtest {

struct CorpusConfig {
    std::uint64_t seed = 1;
    std::string provider_alias = "00040";
    std::string provider_name = "Thái Sơn";
    std::string unit_name = "Công ty TNHH Thử Nghiệm";
    std::string unit_code = "TA0001A";
    std::string tax_code = "0101300842";
    std::string agency = "00108";
    std::chrono::sys_days day{};  // filing day: periods, contract dates, card dates are made around it; {}: today in Vietnam
};

struct PlainForm {
    std::string code;         // MaToKhai
    std::string file_name, extension;  // "D02-TS.xml", ".xml"
    std::string description;
    std::string xml_or_bytes; // unsigned XML form, or attachment bytes
    bool is_xml = true;
};

class Corpus {
public:
    explicit Corpus(CorpusConfig config);
    ~Corpus();

    // The form codes form() can make: D02-TS TK1-TS TK3-TS D01-TS D03-TS D05-TS M01B-HSB 04_DK-IVAN 05_SD-IVAN 06_NG-IVAN
    [[nodiscard]] static std::vector<std::string> form_codes();
    // The procedure that a dossier of this one form can be filed under.
    [[nodiscard]] static std::string procedure_for(std::string const& form_code);
    // The child of the form's root that holds its signature: Cky, or CKy_Dvi for registrations.
    [[nodiscard]] static std::string signature_holder(std::string const& form_code);

    [[nodiscard]] PlainForm form(std::string const& code, unsigned people);  // people: rows where the form has rows
    [[nodiscard]] PlainForm attachment();                                    // a small PDF

    // Signs each XML form in its place, wraps all into the envelope, signs the envelope in Hoso/CKy_Dvi.
    [[nodiscard]] std::string dossier(std::string const& procedure, std::vector<PlainForm> const& forms, signing::KeyPair const& unit_key);
    [[nodiscard]] std::string dossier(std::string const& procedure, std::vector<PlainForm> const& forms, signing::KeyPair const& unit_key,
                                      signing::SignOptions const& sign);
    // One form signed in its place; sign.holder is not asked. Attachments come back as they are.
    [[nodiscard]] static PlainForm signed_form(PlainForm form, signing::KeyPair const& unit_key, signing::SignOptions sign);
    // The envelope without a signature of its own, forms wrapped as they are: for those who sign with software of
    // their own, and for bad input.
    [[nodiscard]] std::string unsigned_envelope(std::string const& procedure, std::vector<PlainForm> const& forms);

    [[nodiscard]] CorpusConfig const& config() const noexcept;

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

}  // namespace loadtest

// ivanctl parse: the bounded parser alone, as the gateway uses it on whatever comes in. Exit: 0 parsed, 1 refused, 2 trouble.

#include "gateway/ctl/context.hpp"
#include "gateway/fault/fault.hpp"
#include "schemas/document.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>

namespace ctl {
namespace {

namespace json = boost::json;

std::string read_bounded(std::istream& in, std::size_t bytes_max, std::string const& name)
{
    std::string bytes;
    char block[1u << 16];
    while (bytes.size() <= bytes_max && (in.read(block, sizeof block), in.gcount() > 0)) bytes.append(block, static_cast<std::size_t>(in.gcount()));
    if (in.bad()) throw std::runtime_error(fmt::format("reading {} failed", name));
    return bytes;
}

void parse(Context& context, std::string const& file)
{
    schemas::XmlLimits const limits;
    auto const document = schemas::Document::parse(read_document(file, limits.bytes_max), limits);
    if (document) {
        context.answer(json::object{{"verdict", "parsed"},
                                    {"root", document->root_name()},
                                    {"namespace", document->root_namespace()},
                                    {"nodes", document->nodes()}},
                       fmt::format("parsed: {} {{{}}}, {} nodes", document->root_name(), document->root_namespace(), document->nodes()));
        return;
    }
    auto const fault = fault::fault_of(document.error());
    auto const& row = row_of(fault.code);
    auto const finding = fault.findings.empty() ? schemas::Finding{} : fault.findings.front();
    auto const& vi = finding.message_vi.empty() ? std::string{row.vi} : finding.message_vi;
    auto const& en = finding.message_en.empty() ? std::string{row.en} : finding.message_en;
    context.worsen(Verdict::no);
    context.answer(json::object{{"verdict", "refused"},
                                {"refusal", name_of(document.error().why)},
                                {"code", row.id},
                                {"finding", finding.code.empty() ? json::value() : json::value(finding.code)},
                                {"line", finding.line},
                                {"reason", document.error().detail},
                                {"message_vi", vi},
                                {"message_en", en}},
                   fmt::format("refused: {} {} at line {}\n  {}\n  {}", row.id, name_of(document.error().why), finding.line, vi, en));
}

}  // namespace

std::string read_document(std::string const& file, std::size_t bytes_max)
{
    if (file == "-") return read_bounded(std::cin, bytes_max, "standard input");
    if (std::filesystem::is_directory(file)) throw std::runtime_error(file + " is a folder");
    std::ifstream in{file, std::ios::binary};
    if (!in) throw std::runtime_error("cannot read " + file);
    return read_bounded(in, bytes_max, file);
}

void add_parse(CLI::App& app, Context& context)
{
    auto const file = std::make_shared<std::string>();
    auto* const command = app.add_subcommand("parse", "Runs the bounded XML parser on one file, and nothing else");
    command->add_option("file", *file, "XML document; - is standard input")->required();
    command->callback([&context, file] { parse(context, *file); });
}

}  // namespace ctl

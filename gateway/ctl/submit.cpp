#include "gateway/ctl/call.hpp"
#include "gateway/ctl/context.hpp"
#include "gateway/ctl/peer.hpp"
#include "signing/digest.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <stdexcept>

namespace ctl {
namespace {

struct Options {
    Peer peer;
    std::vector<std::string> files;
    std::string key, key_prefix, accept = "json", media_type = "application/xml", save;
    std::string list;  // file, label and expected code, one a line
};

struct Item {
    std::string file, label, expected;  // expected: "accepted", "GW-2009"; empty: anything accepted is well
};

struct Answer {
    int status = 0;
    std::string code, case_code, dossier_id, text_vi, text_en, body, trouble;
    std::vector<std::string> findings;
    bool repeated = false;
    std::chrono::milliseconds took{0};

    [[nodiscard]] bool accepted() const { return status == 200 || status == 201; }
    [[nodiscard]] std::string outcome() const { return accepted() ? "accepted" : code; }
};

std::string text_at(boost::json::object const& object, std::string_view name)
{
    auto const* member = object.if_contains(name);
    return member && member->is_string() ? std::string{member->get_string()} : std::string{};
}

// One line a file: path, tab, label, tab, expected. Paths are relative to the list.
std::vector<Item> read_list(std::filesystem::path const& path)
{
    std::vector<Item> items;
    auto const text = read_file(path);
    for (std::size_t at = 0; at < text.size();) {
        auto const end = std::min(text.find('\n', at), text.size());
        auto const line = text.substr(at, end - at);
        at = end + 1;
        if (line.empty() || line[0] == '#') continue;
        auto const tab = line.find('\t'), second = line.find('\t', tab + 1);
        if (tab == std::string::npos || second == std::string::npos)
            throw std::runtime_error(fmt::format("{}: not \"file TAB label TAB expected\": {}", path.string(), line));
        items.push_back({(path.parent_path() / line.substr(0, tab)).string(), line.substr(tab + 1, second - tab - 1), line.substr(second + 1)});
    }
    return items;
}

void read_problem(boost::json::object const& problem, Answer& answer)
{
    answer.code = text_at(problem, "code");
    answer.text_vi = text_at(problem, "message_vi");
    answer.text_en = text_at(problem, "message_en");
    auto const* errors = problem.if_contains("errors");
    if (!errors || !errors->is_array()) return;
    for (auto const& error : errors->get_array()) {
        if (!error.is_object()) continue;
        auto const& finding = error.get_object();
        answer.findings.push_back(fmt::format("{} {} {}: {} / {}", text_at(finding, "code"), text_at(finding, "form"), text_at(finding, "path"),
                                              text_at(finding, "message_vi"), text_at(finding, "message_en")));
    }
}

Answer send(net::io_context& io, runtime::HttpClient& client, Options const& options, Item const& item)
{
    auto body = read_file(item.file);
    // The same file is the same dossier: its hash makes a key that a repeat finds again.
    auto key = !options.key.empty() ? options.key : options.key_prefix + signing::hex(signing::sha256(body)).substr(0, 32);
    auto headers = options.peer.headers();
    headers.emplace_back("Idempotency-Key", std::move(key));
    headers.emplace_back("Content-Type", options.media_type);
    headers.emplace_back("Accept", options.accept == "xml" ? "application/xml" : "application/json");
    runtime::HttpRequest request{"POST", "/v1/dossiers", std::move(headers), std::move(body)};

    Answer answer;
    auto const started = std::chrono::steady_clock::now();
    auto response = finish(io, client.send(std::move(request), runtime::Deadline::after(options.peer.timeout()), true));
    answer.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
    if (!response) {
        answer.trouble = response.error().message();
        return answer;
    }
    answer.status = response->status;
    answer.repeated = response->status == 200;
    answer.body = response->body;
    boost::system::error_code error;
    auto const value = boost::json::parse(answer.body, error);
    if (error || !value.is_object()) return answer;
    answer.case_code = text_at(value.get_object(), "case_code");
    answer.dossier_id = text_at(value.get_object(), "dossier_id");
    if (!answer.accepted()) read_problem(value.get_object(), answer);
    return answer;
}

boost::json::object as_json(Item const& item, Answer const& answer, bool as_expected)
{
    boost::json::object line{{"file", item.file}, {"http", answer.status}, {"outcome", answer.outcome()}, {"ok", as_expected},
                             {"milliseconds", answer.took.count()}};
    if (!item.label.empty()) line["label"] = item.label;
    if (!item.expected.empty()) line["expected"] = item.expected;
    if (!answer.trouble.empty()) line["trouble"] = answer.trouble;
    boost::system::error_code error;
    auto body = boost::json::parse(answer.body, error);
    if (!error)
        line["answer"] = std::move(body);
    else
        line["answer"] = answer.body;
    return line;
}

void explain(Answer const& answer)
{
    if (!answer.text_vi.empty()) std::cout << "    " << answer.text_vi << "\n    " << answer.text_en << '\n';
    for (auto const& finding : answer.findings) std::cout << "    - " << finding << '\n';
}

// Rows stand under each other without waiting for all: a person watches them come.
void print_row(Item const& item, Answer const& answer, bool as_expected, bool judged)
{
    auto const label = item.label.empty() ? item.file : item.label;
    auto const what = answer.accepted() ? (answer.case_code.empty() ? "accepted" : answer.case_code)
                                        : (answer.trouble.empty() ? answer.code : answer.trouble);
    auto const verdict = judged ? (as_expected ? "ok" : "NOT AS EXPECTED: " + item.expected) : answer.repeated ? "repeated" : "";
    std::cout << fmt::format("{:<44} {:>3}  {:<20} {}\n", label, answer.status, what, verdict) << std::flush;
}

void submit(Context& context, Options const& options)
{
    std::vector<Item> items;
    for (auto const& file : options.files) items.push_back({file, "", ""});
    if (!options.list.empty()) items = read_list(options.list);
    if (items.empty()) throw std::runtime_error("nothing to send");
    if (!options.key.empty() && items.size() > 1) throw std::runtime_error("--idempotency-key is for one dossier; use --key-prefix");

    net::io_context io{1};
    runtime::HttpClient client{io, options.peer.client()};
    for (auto const& item : items) {
        auto const answer = send(io, client, options, item);
        bool const as_expected = item.expected.empty() ? answer.accepted() : answer.outcome() == item.expected;
        if (answer.status == 0 || (!as_expected && answer.status >= 500))
            context.worsen(Verdict::trouble);
        else if (!as_expected)
            context.worsen(Verdict::no);
        if (!options.save.empty() && answer.accepted()) {
            auto const name = std::filesystem::path{item.file}.stem().string() + ".receipt." + options.accept;
            write_file(std::filesystem::path{options.save} / name, answer.body);
        }
        if (context.json) {
            context.answer(as_json(item, answer, as_expected), "");
        } else {
            print_row(item, answer, as_expected, !item.expected.empty());
            if (item.expected.empty() || !as_expected) explain(answer);
        }
    }
}

}  // namespace

void add_submit(CLI::App& app, Context& context)
{
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("submit", "Sends dossiers; prints each case code, or why it was refused");
    auto* files = command->add_option("files", options->files, "Signed dossiers (BHXHDienTu.xml)");
    command->add_option("--list", options->list, "Sends what a list names: file TAB label TAB expected (\"accepted\" or a code), and judges")
        ->excludes(files);
    options->peer.declare(*command);
    command->add_option("--idempotency-key", options->key, "The key, for one dossier; else it is made of the file's hash");
    command->add_option("--key-prefix", options->key_prefix, "Stands before the key made of the hash");
    command->add_option("--accept", options->accept, "The answer wanted: json, or xml for the signed receipt itself")
        ->check(CLI::IsMember({"json", "xml"}));
    command->add_option("--content-type", options->media_type, "Media type to send")->capture_default_str();
    command->add_option("--save", options->save, "Folder to save receipts in")->check(CLI::ExistingDirectory);
    command->callback([&context, options] { submit(context, *options); });
}

}  // namespace ctl

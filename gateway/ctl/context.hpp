#pragma once

// What every command of ivanctl shares. A command is one function add_NAME(app, context) that declares its options
// and, in its callback, does the work and leaves a verdict.
//
//   auto options = std::make_shared<Options>();
//   auto* command = app.add_subcommand("verify", "Says who signed a dossier, and whether we believe it");
//   command->add_option("file", options->file, "The dossier")->required();
//   command->callback([&context, options] { verify(context, *options); });
//
// --json is declared once, on the program, and understood after every command. Threads: one.
// Errors: a command throws std::exception for trouble (a missing file, no database); main prints it and exits 2.

#include <boost/json.hpp>

#include <CLI/CLI.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ctl {

// The exit status, part of the contract: scripts decide by it.
enum class Verdict : int {
    yes = 0,      // done; or: verified, accepted, found
    no = 1,       // refused, not valid, not found
    trouble = 2,  // wrong usage, or nothing could be decided
};

struct Context {
    bool    json = false;
    Verdict verdict = Verdict::yes;

    // The command's answer on standard output: the value as one line with --json, else the text for people.
    void answer(boost::json::value const& value, std::string_view text) const;
    // Keeps the worst verdict, for commands over many files.
    void worsen(Verdict to);
};

// Whole files, bounded. Throw std::runtime_error naming the path.
[[nodiscard]] std::string read_file(std::filesystem::path const& path, std::size_t bytes_max = 64u << 20);
// A document to judge: "-" is standard input. Reading stops just beyond `bytes_max`, so that the parser says it is too large.
[[nodiscard]] std::string read_document(std::string const& file, std::size_t bytes_max);
void write_file(std::filesystem::path const& path, std::string_view bytes);

// Columns of a table for people: as wide as their widest cell, counted in characters rather than bytes.
[[nodiscard]] std::string table(std::vector<std::vector<std::string>> const& rows);

void add_keys(CLI::App& app, Context& context);
void add_sign(CLI::App& app, Context& context);
void add_verify(CLI::App& app, Context& context);
void add_parse(CLI::App& app, Context& context);
void add_trust(CLI::App& app, Context& context);
void add_submit(CLI::App& app, Context& context);
void add_lookup(CLI::App& app, Context& context);
void add_receipt(CLI::App& app, Context& context);
void add_provider(CLI::App& app, Context& context);
void add_deadletter(CLI::App& app, Context& context);
void add_late(CLI::App& app, Context& context);  // after add_trust
void add_otp(CLI::App& app, Context& context);
void add_audit(CLI::App& app, Context& context);

}  // namespace ctl

// ivanctl: for operators and providers. Exit status: 0 yes, 1 no, 2 wrong usage or trouble.

#include "gateway/ctl/context.hpp"

#include <exception>
#include <iostream>

int main(int argc, char** argv)
{
    ctl::Context context;
    CLI::App app{"I-VAN Hub: keys, signatures, dossiers and the registry, from the command line", "ivanctl"};
    app.require_subcommand(1);
    app.fallthrough();  // so that --json is understood after any command
    app.add_flag("--json", context.json, "Answer in JSON, for programs");

    ctl::add_keys(app, context);
    ctl::add_sign(app, context);
    ctl::add_verify(app, context);
    ctl::add_parse(app, context);
    ctl::add_trust(app, context);
    ctl::add_submit(app, context);
    ctl::add_lookup(app, context);
    ctl::add_receipt(app, context);
    ctl::add_provider(app, context);
    ctl::add_deadletter(app, context);
    ctl::add_late(app, context);
    ctl::add_otp(app, context);
    ctl::add_audit(app, context);

    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return app.exit(error) == 0 ? 0 : static_cast<int>(ctl::Verdict::trouble);
    } catch (std::exception const& error) {
        std::cerr << "ivanctl: " << error.what() << '\n';
        return static_cast<int>(ctl::Verdict::trouble);
    }
    return static_cast<int>(context.verdict);
}

#pragma once

// The registry tables. Blocking; a connection is opened for each call. Threads: any, one call at a time (mutex inside).

#include "gateway/store/detail/pg_connection.hpp"
#include "gateway/store/postgres.hpp"
#include "gateway/store/reference.hpp"

#include <functional>
#include <mutex>

namespace store::detail {

class PgReference final : public Reference {
public:
    explicit PgReference(StoreConfig const& config) : config_{config} {}
    Result<std::vector<providers::Provider>> providers() override;
    Result<std::vector<providers::Agency>> agencies() override;
    Result<void> put(providers::Provider const& provider) override;
    Result<void> seed(providers::Seed const& seed, std::vector<schemas::Procedure> const& procedures) override;

private:
    template <class T>
    Result<T> with_connection(std::function<T(PgConnection&)> work);

    StoreConfig const& config_;
    std::mutex mutex_;
};

}  // namespace store::detail

#pragma once
// Every element name on the wire stands here; nowhere else.
namespace schemas::names {
}  // namespace schemas::names

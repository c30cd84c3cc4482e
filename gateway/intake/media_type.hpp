#pragma once

// Content-Type and Accept as far as we need them (RFC 9110 §8.3, §12.5.1). Pure; hostile input is simply a "no".

#include <string_view>

namespace intake {

// application/xml or text/xml, without a charset or with utf-8.
[[nodiscard]] bool xml_body(std::string_view content_type);
// application/json, without a charset or with utf-8.
[[nodiscard]] bool json_body(std::string_view content_type);
// The weight, 0 to 1000, that a list of Accept gives this type: by name, by type/*, or by */*. No header takes all alike.
[[nodiscard]] int accept_weight(std::string_view accept, std::string_view type);
[[nodiscard]] inline bool accepts(std::string_view accept, std::string_view type) { return accept_weight(accept, type) > 0; }

}  // namespace intake

// The settings that the image format keeps by their place in a list, and how they become names.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace cr::pb {
class net_device_entry;
class netns_entry;
}  // namespace cr::pb

namespace cr::netns {

using Settings = std::map<std::string, std::string>;

void put_device_settings(const Settings& from, const std::string& device, pb::net_device_entry& to);
void put_namespace_settings(const Settings& from, pb::netns_entry& to);
void take_device_settings(const pb::net_device_entry& from, Settings& to);
void take_namespace_settings(const pb::netns_entry& from, Settings& to);

}  // namespace cr::netns

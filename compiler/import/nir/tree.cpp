#include "import/nir/tree.h"

#include "base/child.h"
#include "base/failure.h"
#include "base/files.h"
#include "files/hdf5.h"

namespace rvb::importing::nir {

namespace {

using runtime::Failure;
using runtime::Hdf5;
using runtime::Hdf5Handle;
using runtime::Message;

constexpr unsigned read_only = 0; // H5F_ACC_RDONLY, whose macro calls the library
constexpr int deepest = 16;
constexpr uint64_t most_entries = 1 << 20, most_elements = uint64_t{1} << 27;
constexpr size_t longest_name = 1000;

[[noreturn]] void fail(const std::string& path, const std::string& text) {
  throw Failure(runtime::Exit::user, path + ": not a valid NIR file: " + text);
}

// A message is an entry: text?, path, shape, elements; a text is its length and its characters.
void add_text(Message& message, const std::string& text) {
  message.push_back(static_cast<double>(text.size()));
  for (const char c : text)
    message.push_back(static_cast<unsigned char>(c));
}

class Walk {
public:
  using Send = std::function<void(const Message&)>;
  Walk(const std::string& path, const Send& send)
      : path_(path), send_(send), h_(runtime::hdf5_for(path)),
        file_(h_.H5Fopen(path.c_str(), read_only, H5P_DEFAULT), h_.H5Fclose) {
    if (file_ < 0)
      fail(path, "it is no HDF5 file, or truncated");
  }

  void run() { group(file_, "", 0); }

private:
  void group(hid_t parent, const std::string& where, int depth) {
    H5G_info_t info;
    if (depth > deepest || h_.H5Gget_info(parent, &info) < 0)
      fail(path_, "`" + where + "` is damaged, or nested too deeply");
    for (hsize_t i = 0; i < info.nlinks; ++i) {
      if (++entries_ > most_entries)
        fail(path_, "it has too many entries");
      char name[longest_name + 1];
      const ssize_t length =
          h_.H5Lget_name_by_idx(parent, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
      if (length < 0 || static_cast<size_t>(length) > longest_name)
        fail(path_, "a name in `" + where + "` is damaged or too long");
      const std::string full = where.empty() ? name : where + "/" + name;
      const Hdf5Handle object(h_.H5Oopen(parent, name, H5P_DEFAULT), h_.H5Oclose);
      if (object < 0)
        fail(path_, "`" + full + "` is damaged");
      const H5I_type_t kind = h_.H5Iget_type(object);
      if (kind == H5I_GROUP)
        group(object, full, depth + 1);
      else if (kind == H5I_DATASET)
        data(object, full);
    }
  }

  void data(hid_t object, const std::string& where) {
    const Hdf5Handle space(h_.H5Dget_space(object), h_.H5Sclose), type(h_.H5Dget_type(object), h_.H5Tclose);
    const int rank = h_.H5Sget_simple_extent_ndims(space);
    hsize_t extents[32] = {};
    if (rank < 0 || rank > 32 || h_.H5Sget_simple_extent_dims(space, extents, nullptr) < 0)
      fail(path_, "`" + where + "` is damaged");
    uint64_t count = 1;
    Message message;
    const H5T_class_t kind = h_.H5Tget_class(type);
    message.push_back(kind == H5T_STRING ? 1 : 0);
    add_text(message, where);
    message.push_back(rank);
    for (int d = 0; d < rank; ++d) {
      message.push_back(static_cast<double>(extents[d]));
      if (__builtin_mul_overflow(count, extents[d], &count) || count > most_elements)
        fail(path_, "`" + where + "` is too large");
    }
    if (kind == H5T_STRING)
      texts(object, type, count, where, message);
    else if (kind == H5T_INTEGER || kind == H5T_FLOAT)
      numbers(object, count, where, message);
    else
      return; // of no use here: truth values, references
    send_(message);
  }

  void numbers(hid_t object, uint64_t count, const std::string& where, Message& message) const {
    const size_t at = message.size();
    message.resize(at + count);
    if (count > 0 && h_.H5Dread(object, h_.native_double, H5S_ALL, H5S_ALL, H5P_DEFAULT, &message[at]) < 0)
      fail(path_, "`" + where + "` is damaged");
  }

  void texts(hid_t object, hid_t type, uint64_t count, const std::string& where, Message& message) const {
    const Hdf5Handle memory(h_.H5Tcopy(type), h_.H5Tclose);
    if (h_.H5Tis_variable_str(type) > 0) {
      std::vector<char*> pointers(count, nullptr); // what they point at ends with this process
      if (count > 0 && h_.H5Dread(object, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()) < 0)
        fail(path_, "`" + where + "` is damaged");
      for (const char* text : pointers)
        add_text(message, text == nullptr ? "" : text);
      return;
    }
    const size_t width = h_.H5Tget_size(type);
    if (width == 0 || width > longest_name || count > most_entries)
      fail(path_, "`" + where + "` is too large");
    std::string all(width * count, 0);
    if (count > 0 && h_.H5Dread(object, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, all.data()) < 0)
      fail(path_, "`" + where + "` is damaged");
    for (uint64_t i = 0; i < count; ++i)
      add_text(message, all.substr(i * width, width).c_str());
  }

  const std::string& path_;
  const Send& send_;
  const Hdf5& h_;
  Hdf5Handle file_;
  uint64_t entries_ = 0;
};

// The other end of the messages, which a child that broke down may have left incomplete.
class Received {
public:
  explicit Received(const Message& message) : message_(message) {}

  void add_to(Tree& tree) {
    Entry entry;
    entry.text = next() != 0;
    const std::string path = text();
    uint64_t count = 1;
    for (double rank = next(); rank > 0; --rank) {
      entry.shape.push_back(static_cast<int64_t>(next()));
      count *= static_cast<uint64_t>(entry.shape.back());
    }
    if (entry.text)
      for (uint64_t i = 0; i < count; ++i)
        entry.texts.push_back(text());
    else
      entry.numbers.assign(message_.begin() + static_cast<int64_t>(at_), message_.end());
    tree[path] = std::move(entry);
  }

private:
  double next() { return message_.at(at_++); }
  std::string text() {
    std::string result;
    for (double length = next(); length > 0; --length)
      result += static_cast<char>(next());
    return result;
  }

  const Message& message_;
  size_t at_ = 0;
};

} // namespace

Tree read_tree(const std::string& path) {
  runtime::require_regular(path, "a network in NIR");
  runtime::hdf5_for(path);
  Tree tree;
  const runtime::Ending ending = runtime::in_child([&](const Walk::Send& send) { Walk(path, send).run(); },
                                                   [&](const Message& message) { Received(message).add_to(tree); });
  if (ending != runtime::Ending::whole)
    fail(path, std::string("it is damaged: libhdf5 ") +
                   (ending == runtime::Ending::too_long ? "does not come to an end with it"
                    : ending == runtime::Ending::memory ? "asks for too much memory"
                                                        : "breaks down on it"));
  return tree;
}

} // namespace rvb::importing::nir

#include "files/hdf5_file.h"

#include "base/failure.h"
#include "files/hdf5.h"

#include <set>

namespace rvb::runtime {

namespace {

constexpr unsigned truncate = 2; // H5F_ACC_TRUNC, whose macro calls the library
constexpr size_t increment = size_t{1} << 20;

} // namespace

struct Hdf5File::Parts {
  explicit Parts(const std::string& path)
      : path(path), h(hdf5_for(path)), access(h.H5Pcreate(h.file_access), h.H5Pclose),
        creation(h.H5Pcreate(h.dataset_create), h.H5Pclose) {
    h.H5Pset_obj_track_times(creation, 0); // the same bytes at any time
    h.H5Pset_fapl_core(access, increment, 0);
    file = std::make_unique<Hdf5Handle>(h.H5Fcreate("rvbc", truncate, H5P_DEFAULT, access), h.H5Fclose);
    check(*file);
  }

  void check(int64_t result) const {
    if (result < 0)
      throw Failure(Exit::io, path + ": libhdf5 could not make the file");
  }

  void make_groups(const std::string& where) {
    for (size_t slash = where.find('/'); slash != std::string::npos; slash = where.find('/', slash + 1)) {
      const std::string group = where.substr(0, slash);
      if (groups.insert(group).second)
        check(Hdf5Handle(h.H5Gcreate2(*file, group.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), h.H5Gclose));
    }
  }

  // `shape` empty: one value.
  void write(const std::string& where, hid_t type, const std::vector<int64_t>& shape, const void* values) {
    make_groups(where);
    const std::vector<hsize_t> extents(shape.begin(), shape.end());
    const Hdf5Handle space(shape.empty() ? h.H5Screate(H5S_SCALAR)
                                         : h.H5Screate_simple(static_cast<int>(shape.size()), extents.data(), nullptr),
                           h.H5Sclose);
    const Hdf5Handle data(h.H5Dcreate2(*file, where.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT),
                          h.H5Dclose);
    check(data);
    check(h.H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
  }

  void write_attribute(const std::string& group, const std::string& name, hid_t type, const void* value) {
    make_groups(group.empty() ? "" : group + "/");
    const Hdf5Handle space(h.H5Screate(H5S_SCALAR), h.H5Sclose);
    const Hdf5Handle object(h.H5Oopen(*file, group.empty() ? "/" : group.c_str(), H5P_DEFAULT), h.H5Oclose);
    const Hdf5Handle attribute(h.H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), h.H5Aclose);
    check(attribute);
    check(h.H5Awrite(attribute, type, value));
  }

  hid_t new_text_type() const {
    const hid_t type = h.H5Tcopy(h.c_string);
    h.H5Tset_size(type, H5T_VARIABLE);
    h.H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
  }

  void write_texts(const std::string& where, const std::vector<int64_t>& shape, const std::vector<std::string>& texts) {
    const Hdf5Handle type(new_text_type(), h.H5Tclose);
    std::vector<const char*> pointers;
    for (const std::string& text : texts)
      pointers.push_back(text.c_str());
    write(where, type, shape, pointers.data());
  }

  const std::string path;
  const Hdf5& h;
  Hdf5Handle access, creation;
  std::unique_ptr<Hdf5Handle> file;
  std::set<std::string> groups;
};

Hdf5File::Hdf5File(const std::string& path) : parts_(std::make_unique<Parts>(path)) {}
Hdf5File::~Hdf5File() = default;

void Hdf5File::put_text(const std::string& path, const std::string& text) {
  parts_->write_texts(path, {}, {text});
}

void Hdf5File::put_texts(const std::string& path, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::string> all;
  for (const std::vector<std::string>& row : rows)
    all.insert(all.end(), row.begin(), row.end());
  parts_->write_texts(path, {static_cast<int64_t>(rows.size()), static_cast<int64_t>(all.size() / rows.size())}, all);
}

void Hdf5File::put(const std::string& path, const std::vector<int64_t>& shape, const std::vector<float>& values) {
  parts_->write(path, parts_->h.native_float, shape, values.data());
}

void Hdf5File::put_integers(const std::string& path, const std::vector<int64_t>& values) {
  put_integers(path, {static_cast<int64_t>(values.size())}, values);
}

void Hdf5File::put_integers(const std::string& path, const std::vector<int64_t>& shape,
                            const std::vector<int64_t>& values) {
  parts_->write(path, parts_->h.native_int64, shape, values.data());
}

void Hdf5File::put_integer(const std::string& path, int64_t value) {
  parts_->write(path, parts_->h.native_int64, {}, &value);
}

void Hdf5File::set(const std::string& group, const std::string& name, const std::string& text) {
  const Hdf5Handle type(parts_->new_text_type(), parts_->h.H5Tclose);
  const char* pointer = text.c_str();
  parts_->write_attribute(group, name, type, &pointer);
}

void Hdf5File::set(const std::string& group, const std::string& name, double value) {
  parts_->write_attribute(group, name, parts_->h.native_double, &value);
}

void Hdf5File::set_integer(const std::string& group, const std::string& name, int64_t value) {
  parts_->write_attribute(group, name, parts_->h.native_int64, &value);
}

std::string Hdf5File::bytes() {
  const Hdf5& h = parts_->h;
  parts_->check(h.H5Fflush(*parts_->file, H5F_SCOPE_GLOBAL));
  const ssize_t size = h.H5Fget_file_image(*parts_->file, nullptr, 0);
  parts_->check(size);
  std::string image(static_cast<size_t>(size), 0);
  parts_->check(h.H5Fget_file_image(*parts_->file, image.data(), image.size()));
  return image;
}

} // namespace rvb::runtime

#!/bin/bash
# rvbc lsp: what an editor asks, and what none should send (lsp.py); and Neovim's client, where it is installed.
. "$(dirname "$0")/common.sh"

expect 0 /usr/bin/python3 "$here/lsp.py" "$RVBC" "$root"
expect 5 bash -c "printf 'Content-Length: 44\r\n\r\n%s' '{\"id\": 1, \"method\": \"initialize\", \"params\":1}' | '$RVBC' lsp >/dev/full"

command -v nvim >/dev/null || {
  echo "note: nvim is not installed; its client was not tried"
  exit 0
}
cat >net.rvb <<'END'
import neurons
network Small(image: [1, 8, 8] repeated 2) {
return image |> conv2d(4)|>reverb |> flatten |> linear(3) |> mean_over_time
}
END
sed 's/linear/linaer/' net.rvb >broken.rvb
cat >try.lua <<'END'
local function wait(what, condition)
  if not vim.wait(20000, condition, 20) then error("no " .. what) end
end
local function start(file)
  vim.cmd("edit " .. file)
  local client = vim.lsp.start_client({name = "rvbc", cmd = {vim.env.RVBC, "lsp"}, root_dir = vim.fn.getcwd()})
  vim.lsp.buf_attach_client(0, client)
  wait("answer to initialize", function() local c = vim.lsp.get_client_by_id(client) return c and (c.initialized or c.server_capabilities) end)
end
local ok, message = pcall(function()
  start("broken.rvb")
  wait("diagnostics", function() return #vim.diagnostic.get(0) > 0 end)
  local found = vim.diagnostic.get(0)[1]
  assert(found.code == "RVB0101" and found.lnum == 2, vim.inspect(found))
  start("net.rvb")
  local column = vim.fn.getline(3):find("reverb")
  vim.api.nvim_win_set_cursor(0, {3, column})
  local answers = vim.lsp.buf_request_sync(0, "textDocument/definition", vim.lsp.util.make_position_params(), 20000)
  local _, answer = next(answers)
  assert(answer.result.uri:find("stdlib/neurons.rvb"), vim.inspect(answer))
  if vim.lsp.buf.format then vim.lsp.buf.format({timeout_ms = 20000}) else vim.lsp.buf.formatting_sync(nil, 20000) end
  assert(vim.fn.getline(4):sub(1, 8) == "  return", vim.fn.getline(4))
  vim.cmd("write")
end)
vim.lsp.stop_client(vim.lsp.get_active_clients())
io.open("answer", "w"):write(ok and "fine" or tostring(message))
vim.cmd("qall!")
END
expect 0 env HOME="$work" RVBC="$RVBC" timeout 60 nvim --clean --headless -S try.lua
[ "$(cat answer)" = fine ] || die "$(cat answer)"
expect 0 "$RVBC" fmt --check net.rvb

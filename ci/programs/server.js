// An HTTP server whose answers tell of all requests that came before.
const http = require('http');
const crypto = require('crypto');
const seen = [];
const server = http.createServer((request, response) => {
  seen.push(request.url);
  setTimeout(() => response.end(crypto.createHash('sha256').update(seen.join()).digest('hex')), 5);
});
server.keepAliveTimeout = 0;
server.listen(Number(process.argv[2]), '127.0.0.1');

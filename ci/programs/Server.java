// A server with a thread for every client, and threads that work all the time and pass each other what they have found.
import java.io.*;
import java.net.*;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.concurrent.*;

class Server {
  static final int WORKERS = 40;

  static String digest(String text) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes()));
  }

  // Takes a text from its left neighbour, and gives the digest of it to the right one.
  static void work(BlockingQueue<String> from, BlockingQueue<String> to) {
    try {
      for (;;) to.put(digest(from.take()));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  static void serve(Socket client, BlockingQueue<String> first, BlockingQueue<String> last) {
    try (client; var in = new BufferedReader(new InputStreamReader(client.getInputStream()))) {
      for (String line; (line = in.readLine()) != null;) {
        first.put(line);
        client.getOutputStream().write((last.take() + "\n").getBytes());
      }
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  public static void main(String[] words) throws Exception {
    var first = new LinkedBlockingQueue<String>();
    BlockingQueue<String> from = first;
    for (int i = 0; i < WORKERS; i++) {
      BlockingQueue<String> left = from, right = new LinkedBlockingQueue<>();
      new Thread(() -> work(left, right)).start();
      from = right;
    }
    BlockingQueue<String> last = from;
    var listener = new ServerSocket(Integer.parseInt(words[0]), 50, InetAddress.getByName("127.0.0.1"));
    for (;;) {
      Socket client = listener.accept();
      new Thread(() -> serve(client, first, last)).start();
    }
  }
}

package bindery.server;

import java.io.File;

/**
 * The command line: pairs of a flag and a value.
 *
 * @param tlsCert the file of the certificate; null: the server is plain text
 * @param tlsKey the file of its key
 */
record Options(
    String host, int port, String books, String operatorToken, String ignoredRule, File tlsCert, File tlsKey) {
  static Options parse(String[] arguments) {
    String address = "127.0.0.1:0";
    String books = "conformance/peers/books.json";
    String operatorToken = "operator";
    // Is not checked, for tests of the tester.
    String ignoredRule = "";
    File tlsCert = null;
    File tlsKey = null;
    for (int i = 0; i + 1 < arguments.length; i += 2) {
      switch (arguments[i]) {
        case "--address" -> address = arguments[i + 1];
        case "--books" -> books = arguments[i + 1];
        case "--operator-token" -> operatorToken = arguments[i + 1];
        case "--ignore-rule" -> ignoredRule = arguments[i + 1];
        case "--tls-cert" -> tlsCert = new File(arguments[i + 1]);
        case "--tls-key" -> tlsKey = new File(arguments[i + 1]);
        default -> throw new IllegalArgumentException("unknown flag " + arguments[i]);
      }
    }
    int colon = address.lastIndexOf(':');
    int port = Integer.parseInt(address.substring(colon + 1));
    return new Options(address.substring(0, colon), port, books, operatorToken, ignoredRule, tlsCert, tlsKey);
  }
}

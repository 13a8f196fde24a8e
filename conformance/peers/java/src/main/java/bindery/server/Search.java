package bindery.server;

import bookstore.inventory.v1.BookOuterClass.Book;
import java.text.Normalizer;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Finds books by words in their titles and authors. */
final class Search {
  private static final Pattern ACCENT = Pattern.compile("\\p{Mn}");
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+");

  private Search() {}

  /** The words of a text without accents and in lower case. */
  static List<String> words(String text) {
    String folded = ACCENT.matcher(Normalizer.normalize(text, Normalizer.Form.NFD)).replaceAll("");
    return WORD.matcher(folded.toLowerCase(Locale.ROOT)).results().map(MatchResult::group).toList();
  }

  /**
   * Whether the title and the authors of the book contain every word of the query. The last one may
   * be the beginning of a word. A query without words matches nothing.
   */
  static boolean matches(Book book, List<String> query) {
    if (query.isEmpty()) {
      return false;
    }
    List<String> known = words(book.getTitle() + " " + String.join(" ", book.getAuthorsList()));
    String last = query.get(query.size() - 1);
    return known.containsAll(query.subList(0, query.size() - 1))
        && known.stream().anyMatch(word -> word.startsWith(last));
  }
}

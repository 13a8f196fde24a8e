package bindery.client;

import build.buf.validate.FieldPath;
import build.buf.validate.FieldPathElement;
import com.google.gson.JsonPrimitive;

/** Writes field paths in the notation of protovalidate: {@code books[0].prices["USD"]}. */
public final class FieldPaths {
  private FieldPaths() {}

  public static String text(FieldPath path) {
    StringBuilder text = new StringBuilder();
    for (FieldPathElement element : path.getElementsList()) {
      text.append(text.isEmpty() ? "" : ".").append(element.getFieldName());
      switch (element.getSubscriptCase()) {
        case INDEX -> text.append('[').append(Long.toUnsignedString(element.getIndex())).append(']');
        case BOOL_KEY -> text.append('[').append(element.getBoolKey()).append(']');
        case INT_KEY -> text.append('[').append(element.getIntKey()).append(']');
        case UINT_KEY -> text.append('[').append(Long.toUnsignedString(element.getUintKey())).append(']');
        case STRING_KEY -> text.append('[').append(new JsonPrimitive(element.getStringKey())).append(']');
        default -> { }
      }
    }
    return text.toString();
  }
}

import type { RecommendationService } from "@bindery/contract/bookstore/recommendations/v1/recommendation_service_pb.js";
import type { ServiceImpl } from "@connectrpc/connect";
import type { Catalogue } from "./catalogue.js";

// Treats every reader as an anonymous visitor.
export function recommendations(catalogue: Catalogue): ServiceImpl<typeof RecommendationService> {
  return {
    recommend({ category, maxResults }) {
      const books = sample(catalogue.ofCategory(category), maxResults);
      return { recommendations: books.map(({ bookId, title }) => ({ bookId, title })) };
    },

    // Nobody has bought anything.
    listAlsoBought() {
      return {};
    },
  };
}

// At most `count` random items, each once: the beginning of a Fisher-Yates shuffle.
function sample<T>(items: readonly T[], count: number): T[] {
  const shuffled = [...items];
  const size = Math.min(count, shuffled.length);
  for (let i = 0; i < size; i++) {
    const from = i + Math.floor(Math.random() * (shuffled.length - i));
    [shuffled[i], shuffled[from]] = [shuffled[from] as T, shuffled[i] as T];
  }
  return shuffled.slice(0, size);
}

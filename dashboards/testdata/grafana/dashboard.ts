// What Grafana imports, in the types that it publishes.
import type { AnnotationQuery, Dashboard as Model, VariableModel } from '@grafana/schema';

// String enums, as the plain strings that JSON has.
export type Plain<T> = T extends string
  ? `${T}`
  : T extends (infer E)[]
    ? Plain<E>[]
    : T extends object
      ? { [K in keyof T]: Plain<T[K]> }
      : T;

// Fields that the sources of annotations read, and that Grafana's schema does not have:
// those of Prometheus, and the target of Grafana's own annotations.
type Annotation = Omit<AnnotationQuery, 'target'> & {
  expr?: string;
  step?: string;
  tagKeys?: string;
  textFormat?: string;
  titleFormat?: string;
  useValueForTime?: boolean;
  target?: { limit: number; matchAny: boolean; tags: string[]; type: string };
};

// Grafana shows the definition of a variable in its list of variables, and exports it.
type Variable = VariableModel & { definition?: string };

export type Dashboard = Plain<
  Omit<Model, 'annotations' | 'templating'> & {
    annotations: { list: Annotation[] };
    templating: { list: Variable[] };
  }
>;

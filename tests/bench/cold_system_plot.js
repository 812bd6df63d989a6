export const drawColdSystem = () => '';
